# What a person wants to know of a host before work goes there. Creates, changes and removes nothing.
#
# Sent behind record.sh, of which it uses the reading half. Says lines "C NAME VALUE"; each piece ends with "C over PIECE".

od_say() { # NAME VALUE
  printf 'C %s %.900s\n' "$1" "$2" >&5
}

od_near() { # PATH -> od_p: the nearest folder on the way up that exists
  od_p=$1
  while [ -n "$od_p" ] && ! [ -d "$od_p" ]; do od_p=${od_p%/*}; done
  od_p=${od_p:-/}
}

od_room() { # NAME FOLDER
  od_near "$2"
  od_say "$1" "$(df -Pk "$od_p" </dev/null | tail -n 1)"
}

od_places() { # -> od_base, which a session would take; od_dir od_dir2 od_dir3, where executions may lie
  od_dir='' od_dir2='' od_dir3='' od_base='' od_tight=''
  for od_b in "${HOME:+$HOME/.local/state/onduty}" "/var/tmp/onduty-$od_uid" "/dev/shm/onduty-$od_uid"; do
    case $od_b in /*) ;; *) continue ;; esac
    od_near "$od_b/1"
    if ! [ -h "$od_b" ] && [ -z "$od_base" ] && [ -w "$od_p" ]; then
      if ! [ -e "$od_b" ] || [ -O "$od_b" ]; then
        # As a session does: where there is no room it goes to the next, and where there is none at all to the first.
        od_tight=${od_tight:-$od_b}
        set -- $(df -Pk "$od_p" </dev/null | tail -n 1)
        [ "${4:-0}" -lt 64 ] || od_base=$od_b
      fi
    fi
    if [ -h "$od_b" ] || ! [ -d "$od_b/1" ] || ! [ -O "$od_b/1" ]; then
      continue
    fi
    if [ -z "$od_dir" ]; then
      od_dir=$od_b/1
    elif [ -z "$od_dir2" ]; then
      od_dir2=$od_b/1
    else
      od_dir3=$od_b/1
    fi
  done
  od_base=${od_base:-$od_tight}
}

od_live() { # what runs under this account
  read -r od_boot </proc/sys/kernel/random/boot_id
  for od_d in "$od_dir" "$od_dir2" "$od_dir3"; do
    [ -n "$od_d" ] || continue
    for od_f in "$od_d"/*.x; do
      [ -e "$od_f" ] && od_load "$od_f" || continue
      case $od_two in R\ *\ .) continue ;; esac
      [ "$od_tag" != Z ] && [ "$od_born" = "$od_boot" ] || continue
      od_alive "$od_sup" "$od_sup_ticks" || od_alive "$od_job" "$od_job_ticks" || continue
      od_p=${od_f##*/}
      od_say live "${od_p%.x} $od_since $od_label"
    done
  done
}

od_check() { # PIECE .
  [ "$#" -eq 2 ] || return 0
  case $1 in
    begin) exec 5>&1 2>/dev/null ;;
    clock) od_say clock "$(date +%s.%N </dev/null)" ;;
    facts)
      od_uid=$(id -u </dev/null)
      od_say user "$(id -un </dev/null)"
      od_say shell "$(readlink "/proc/$$/exe" </dev/null)"
      case $(ls --version </dev/null 2>&1) in
        *BusyBox* | *busybox*) od_say tools busybox ;;
        *GNU*) od_say tools GNU ;;
        *) od_say tools other ;;
      esac
      od_stat self || od_say missing noproc
      command -v setsid >/dev/null || od_say missing nosetsid
      od_places
      [ -n "$od_base" ] || od_say missing nofolder
      od_say folder "$od_base"
      od_live
      ;;
    rooms)
      [ -z "$od_base" ] || od_room state_room "$od_base"
      [ -z "$HOME" ] || od_room home_room "$HOME"
      ;;
    sudo)
      # -k with a command neither uses nor renews what sudo remembers of an earlier password.
      if [ "$od_uid" = 0 ]; then
        od_say sudo root
      elif ! command -v sudo >/dev/null; then
        od_say sudo none
      elif od_words=$(sudo -k -n true </dev/null 2>&1); then
        od_say sudo yes
      else
        od_say sudo "no $od_words"
      fi
      ;;
  esac
  od_say over "$1"
}
