# Executions on this host's disk: where their files are, what they say, and whether what they name is alive.
#
# All of this folder's shell is POSIX sh for dash, busybox ash and bash, on Linux. It is sent as one quoted unit to a
# shell that reads its stdin; nothing is installed. helper.sh takes requests, workfolder.sh makes work folders,
# supervisor.sh keeps one execution, limits.sh and gauge.sh limit and measure one, tree.sh ends one, follower.sh ships logs, opening.sh comes first in a session.
#
# Files of one execution, in a folder of mode 0700:
#   KEY.x  record, whose blocks are reserved at the claim and overwritten in place:
#            line 1  FLAGS TAG SUPERVISOR ITS_TICKS JOB ITS_TICKS BOOT_ID CLAIMED_AT .
#            line 2  R KIND STATUS LOG_BYTES CUT HOW STARTED_AT ENDED_AT CPU_TICKS OUTPUT_BYTES MEMORY
#                  LIMITS .   (blank until it has ended; MEMORY as gauge.sh says, LIMITS as limits.sh)
#            line 3  label for people      line 4  the folder asked for     line 5  D DRAINER
#          TAG is H (claimed by the helper named), S (started) or Z (sealed). FLAGS: the first is C (cancelled) or
#          T (timed out), the second is x when the log was cut, l when its limit cut it. Times are hundredths of a second.
#   KEY.l  log      KEY.o  outputs      KEY.i  what earlier jobs wrote      KEY.g  gauge      work/NAME  work folders
#
# Descriptors: 5 replies and notices, 6 raw bytes, 9 the log (its position, in /proc/PID/fdinfo/9, is the log's size),
# 8 the drainer's sign of life.
# Every variable starts with od_, because assigning to one that the login exports would change the job's environment.
# Three special built-ins end the whole shell when their redirection fails, so they get none that can fail.

od_stat() { # PID -> od_pid od_state od_ppid od_pgrp od_sid od_used od_cpu (what it waited for) od_ticks
  read -r od_stat_line <"/proc/$1/stat" || return 1
  od_pid=${od_stat_line%% *}
  # The name of the program may hold anything, ") " included; what follows the last one is numbers.
  set -- ${od_stat_line##*) }
  od_state=$1 od_ppid=$2 od_pgrp=$3 od_sid=$4
  od_used=$((${12} + ${13})) od_cpu=$((${14} + ${15})) od_ticks=${20}
}

od_alive() { # PID TICKS
  od_stat "$1" && [ "$od_ticks" = "$2" ] && [ "$od_state" != Z ] && [ "$od_state" != X ]
}

od_clock() { # -> od_now, hundredths of a second since 1970
  read -r od_up od_idle </proc/uptime
  od_up=${od_up%.*}${od_up#*.}
  while :; do
    case $od_up in 0?*) od_up=${od_up#0} ;; *) break ;; esac
  done
  od_now=$((od_epoch + od_up))
}

od_nap() { # SECONDS
  sleep "$1" </dev/null || sleep 1 </dev/null
}

od_size() { # FILE -> od_bytes
  set -- $(ls -ln "$1" </dev/null)
  od_bytes=${5:-0}
}

od_find() { # KEY -> od_f; fails when no folder of ours has it
  for od_d in "$od_dir" "$od_dir2" "$od_dir3"; do
    if [ -n "$od_d" ] && [ -e "$od_d/$1.x" ]; then
      od_f=$od_d/$1
      return 0
    fi
  done
  od_f=$od_dir/$1
  return 1
}

od_load() { # FILE -> od_one od_two od_label od_where and line 1 taken apart; fails when the record is not whole
  od_one='' od_two='' od_label='' od_where=''
  { read -r od_one && read -r od_two && read -r od_label && read -r od_where; } <"$1"
  set -- $od_one
  [ "$#" -eq 9 ] && [ "$9" = . ] || return 1
  od_flags=$1 od_tag=$2 od_sup=$3 od_sup_ticks=$4 od_job=$5 od_job_ticks=$6 od_born=$7 od_since=$8
}

od_look() { # KEY -> od_phase od_bytes od_why od_f, and od_two when done
  od_bytes=0 od_why='' od_tries=0 od_again=''
  while :; do
    if ! od_find "$1"; then
      od_phase=absent
      # Without our mark in the folder an empty answer proves nothing (unmounted, unreadable).
      [ -e "$od_dir/.here" ] || od_phase=unknown
      return 0
    fi
    od_whole=1
    od_load "$od_f.x" || od_whole=''
    case $od_two in
      R\ *\ .)
        od_phase=done
        set -- $od_two
        od_bytes=$4
        return 0
        ;;
    esac
    if [ -z "$od_whole" ]; then
      # Caught in the middle of a write, or whoever claimed it died in it.
      od_tries=$((od_tries + 1))
      if [ "$od_tries" -gt 40 ]; then
        od_phase=claimed
        return 0
      fi
      od_nap 0.05
      continue
    fi
    if [ "$od_tag" = Z ]; then
      od_phase=claimed
      return 0
    fi
    if [ "$od_born" = "$od_boot" ]; then
      if od_alive "$od_sup" "$od_sup_ticks"; then
        od_phase=running
        read -r od_word od_bytes <"/proc/$od_sup/fdinfo/9" || od_bytes=0
        return 0
      fi
      if [ "$od_tag" = S ] && od_alive "$od_job" "$od_job_ticks"; then
        od_phase=running od_why=orphan
        od_size "$od_f.l"
        return 0
      fi
    fi
    # Result, liveness, result again: it may have ended between the two looks.
    if [ -z "$od_again" ]; then
      od_again=1
      continue
    fi
    if [ "$od_tag" = H ]; then
      od_phase=claimed
    else
      od_phase=lost od_why=gone
      [ "$od_born" = "$od_boot" ] || od_why=rebooted
      od_size "$od_f.l"
    fi
    return 0
  done
}

od_report() { # ID KEY, after od_look
  case $od_phase in
    done) printf 'K %s %s done %s %.200s\n' "$1" "$2" "$od_two" "$od_where" >&5 ;;
    *) printf 'K %s %s %s %s %s\n' "$1" "$2" "$od_phase" "$od_bytes" "$od_why" >&5 ;;
  esac
}

od_claim() { # TAG; fails with od_claimed=taken or od_claimed=full
  od_claimed=taken
  set -C
  {
    od_claimed=ok
    printf '%-111s\n%-95s\n%s\n%s\n' "-- $1 $od_me $od_me_ticks 0 0 $od_boot $od_now ." '' "$od_label" "$od_where" ||
      od_claimed=full
  } >"$od_f.x"
  set +C
  case $od_claimed in
    ok) return 0 ;;
    full) rm -f "$od_f.x" </dev/null ;;
    # A create that fails on a full disk looks like one that somebody else was first at.
    taken) [ -e "$od_f.x" ] || od_claimed=full ;;
  esac
  return 1
}

od_drop() { # KEY: delete it, unless it runs
  od_look "$1"
  case $od_phase in
    running | absent | unknown) ;;
    # The record goes last: without it the key would look as if it had never been.
    *) rm -f "$od_f.l" "$od_f.o" "$od_f.i" "$od_f.g" "$od_f.x" </dev/null ;;
  esac
}
