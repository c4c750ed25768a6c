# The first words of a session: what this host is, and where executions live.

od_refuse() { # REASON
  printf 'X refused %s\n' "$1" >&5
}

od_folders() { # -> od_dir, where new executions live; od_dir2 od_dir3, where older ones may
  umask 077
  od_uid=$(id -u </dev/null)
  # Where there is next to no room a script, its log and its result would not fit; where there is none anywhere, the
  # first folder that can be written at all says best what is missing.
  od_choose 65536 || od_choose 1
}

od_choose() { # BYTES of room
  od_dir='' od_dir2='' od_dir3=''
  for od_base in "${HOME:+$HOME/.local/state/onduty}" "/var/tmp/onduty-$od_uid" "/dev/shm/onduty-$od_uid"; do
    case $od_base in /*) ;; *) continue ;; esac
    if [ -z "$od_dir" ]; then
      [ -e "$od_base/1" ] || mkdir -p "$od_base/1" </dev/null
    fi
    # Anybody may have put a folder of that name into /var/tmp.
    if [ -h "$od_base" ] || ! [ -d "$od_base/1" ] || ! [ -O "$od_base" ] || ! [ -O "$od_base/1" ]; then
      continue
    fi
    if [ -z "$od_dir" ] && od_fits "$od_base/1/.here" "$1"; then
      od_dir=$od_base/1
    elif [ -z "$od_dir2" ]; then
      od_dir2=$od_base/1
    else
      od_dir3=$od_base/1
    fi
  done
  [ -n "$od_dir" ]
}

od_fits() { # FILE BYTES
  printf "%$2s" '' >"$1" && printf 'onduty 1\n' >"$1" && return 0
  : >"$1"
  return 1
}

od_open() { # NONCE ROLE .
  [ "$#" -eq 3 ] || return 0
  exec 5>&1 6>&2 2>/dev/null
  if ! od_stat self; then
    od_refuse noproc
    return 0
  fi
  od_me=$od_pid od_me_ticks=$od_ticks
  od_umask=$(umask)
  od_setsid=$(command -v setsid)
  od_sh=$(command -v sh)
  # A shell without job control ignores INT and QUIT in what it starts behind it, and cannot take that back.
  od_defaults=''
  env --default-signal=INT,QUIT true </dev/null && od_defaults="$(command -v env) --default-signal=INT,QUIT"
  if [ -z "$od_setsid" ] || [ -z "$od_sh" ]; then
    od_refuse nosetsid
    return 0
  fi
  if ! od_folders; then
    od_refuse nofolder
    return 0
  fi
  read -r od_boot </proc/sys/kernel/random/boot_id
  # The clock and the time since boot as one pair; busybox has no %N.
  od_epoch=0
  od_date=$(date +%s.%N </dev/null)
  od_clock
  od_sec=${od_date%%.*} od_frac=${od_date#*.}
  case $od_frac in *[!0-9]* | '' | ?) od_frac=00 ;; esac
  od_frac=${od_frac%"${od_frac#??}"}
  od_epoch=$((od_sec * 100 + 1$od_frac - 100 - od_now))
  od_clock
  od_login=${USER:-${LOGNAME:-$(id -un </dev/null)}}
  printf 'X open %s %s %s %s\n' "$1" "$od_boot" "$od_now" "$od_login" >&5
  printf 'X folder %s\n' "$od_dir" >&5
  if [ "$2" = follower ]; then
    od_follow
  else
    od_collect </dev/null >&- 5>&- 6>&- &
  fi
}
