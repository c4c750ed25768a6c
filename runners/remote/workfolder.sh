# Work folders: one for each attempt, made by the account that logs in, also where others work in it through sudo.
#
# They are in the state folder, which nobody else but root can enter. One that is shared with an account other than root
# has a place of its own, and an entry for that account: setfacl, or for root's own tasks the account as its owner.

od_find_work() { # NAME -> od_w; fails when there is none
  for od_d in "$od_dir/work" "${od_dir2:+$od_dir2/work}" "${od_dir3:+$od_dir3/work}" \
    "/var/tmp/onduty-work-$od_uid" "/dev/shm/onduty-work-$od_uid"; do
    # Anybody may have put a folder of that name into /var/tmp.
    if [ -d "$od_d/$1" ] && [ -O "$od_d" ] && ! [ -h "$od_d" ]; then
      od_w=$od_d/$1
      return 0
    fi
  done
  od_w=$od_dir/work/$1
  return 1
}

od_make_work() { # NAME [USER]... .   -> od_w
  od_find_work "$1" && return 0
  od_name=$1
  shift
  od_others=''
  while [ "$#" -gt 1 ]; do
    [ "$1" = root ] || [ "$1" = "$od_login" ] || od_others="$od_others $1"
    shift
  done
  if [ -n "$od_others" ]; then
    for od_d in "/var/tmp/onduty-work-$od_uid" "/dev/shm/onduty-work-$od_uid"; do
      [ -e "$od_d" ] || (umask 066 && mkdir "$od_d")
      if [ -h "$od_d" ] || ! [ -d "$od_d" ] || ! [ -O "$od_d" ]; then
        continue
      fi
      # It gets its name when all may enter it: what is there is whole.
      rm -rf "$od_d/.new-$od_name"
      if mkdir "$od_d/.new-$od_name" && od_let_in "$od_d/.new-$od_name" && mv "$od_d/.new-$od_name" "$od_d/$od_name"; then
        od_w=$od_d/$od_name
        return 0
      fi
      rm -rf "$od_d/.new-$od_name"
    done
  fi
  # One who cannot enter it may have a dir: of its own; that is seen when it starts.
  od_w=$od_dir/work/$od_name
  mkdir -p "$od_w"
}

od_let_in() { # FOLDER: every one of od_others
  od_owner=''
  for od_p in $od_others; do
    setfacl -m "u:$od_p:rwx" "$1" && continue
    [ "$od_uid" = 0 ] && [ -z "$od_owner" ] && chown "$od_p" "$1" || return 1
    od_owner=$od_p
  done
}
