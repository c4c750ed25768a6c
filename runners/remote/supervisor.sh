# One execution: claim, start, keep what it prints, wait, write how it ended, say so.

od_start() { # ID KEY WORKDIR DIR LIMITS LABEL SHELL SCRIPT EARLIER [NAME VALUE]... .
  od_id=$1 od_key=$2
  od_look "$od_key"
  if [ "$od_phase" != absent ]; then
    od_report "$od_id" "$od_key"
    return 0
  fi
  od_work=$3 od_where=$4 od_limits=$5 od_label=$6 od_shell=$7 od_script=$8 od_earlier=$9
  shift 9
  od_take_limits $od_limits
  od_clock
  od_since=$od_now
  if ! od_claim H; then
    if [ "$od_claimed" = taken ]; then
      od_look "$od_key"
      od_report "$od_id" "$od_key"
    else
      printf 'A %s full\n' "$od_id" >&5
    fi
    return 0
  fi
  if ! { od_supervise "$@" </dev/null 8>&- | od_drain & } 9>>"$od_f.l" 8>&9; then
    rm -f "$od_f.l" "$od_f.x" </dev/null
    printf 'A %s full\n' "$od_id" >&5
  fi
  od_script='' od_earlier=''
}

od_supervise() { # [NAME VALUE]... .   stdout is the pipe to the drainer
  od_stat self
  od_sup=$od_pid od_sup_ticks=$od_ticks od_error=''
  od_folder
  od_keep_earlier
  [ -n "$od_error" ] || od_choose_way
  case $od_shell in
    bash*) [ -n "$od_error" ] || command -v bash >/dev/null || od_error=nobash ;;
  esac
  od_find_drainer
  if [ -n "$od_error" ]; then
    exec >/dev/null
    trap '' HUP INT TERM PIPE
    printf 'A %s started\n' "$od_id" >&5
    od_finish e "$od_error" 0
    exit 0
  fi
  od_stat self
  od_earlier_cpu=$od_cpu od_child_ticks=''
  # A short script fits into the pipe, and dash and ash fill it without another process; bash may use a file for that.
  if [ -z "$BASH_VERSION" ] && [ "${#od_script}" -lt 3900 ]; then
    od_become "$@" 3<<OD_END &
exec 3<&-; $od_script
OD_END
  else
    od_feed | od_become "$@" 3<&0 &
  fi
  od_child=$!
  # From here on only KILL ends us; the job was forked before, with the signals it should have.
  trap '' HUP INT TERM PIPE
  exec >/dev/null
  od_stat "$od_child" && od_child_ticks=$od_ticks
  od_watch </dev/null 5>&- 6>&- 9>&- &
  od_timekeeper=$!
  wait "$od_child"
  od_status=$?
  od_stat self
  od_waited=$((od_cpu - od_earlier_cpu))
  od_linger
  od_finish x "$od_status" "$od_waited"
  exit 0
}

od_folder() { # -> we stand where the job will run, or od_error
  case $od_work in
    '') od_w=$HOME ;;
    # The account that logged in has made it, and says where it is.
    /*) od_w=$od_work ;;
    *)
      if ! od_find_work "$od_work" && ! mkdir -p "$od_w"; then
        od_error=nowork
        return 0
      fi
      ;;
  esac
  if ! CDPATH='' cd -- "$od_w"; then
    case $od_work in
      /*) [ -n "$od_where" ] || od_error=noshare ;;
      *) od_error=nowork ;;
    esac
  fi
  if [ -z "$od_error" ] && [ -n "$od_where" ]; then
    if ! [ -d "$od_where" ]; then
      od_error=nodir
    elif ! CDPATH='' cd -- "$od_where"; then
      od_error=noenter
    fi
  fi
}

od_keep_earlier() { # what earlier jobs wrote, for $ONDUTY_OUTPUTS; or od_error
  [ -z "$od_earlier" ] || [ -n "$od_error" ] || printf '%s' "$od_earlier" >"$od_f.i" || od_error=noearlier
}

od_feed() { # stdout is the pipe that the job's shell reads its script from
  # The first thing the script does is to close the pipe for its children; the shell reads on from a copy.
  printf 'exec 3<&-; %s\n' "$od_script"
}

od_become() { # [NAME VALUE]... .   the fork that becomes the job; 3 is the script
  od_stat self
  # The record stands before the job does anything, so that nobody can take it for one that never started.
  printf '%-111s\n%-95s\n' "-- S $od_sup $od_sup_ticks $od_pid $od_ticks $od_boot $od_since ." '' 1<>"$od_f.x" ||
    exit 125
  # A session that is gone must not end the job before it has begun.
  trap '' PIPE
  printf 'A %s started\n' "$od_id" >&5
  trap - PIPE
  umask "$od_umask"
  od_later='' od_names=''
  case $od_shell in *-login) od_later=od_env_ ;; esac
  while [ "$#" -gt 1 ]; do
    export "$od_later$1=$2"
    od_names="$od_names$1 "
    shift 2
  done
  export "ONDUTY_KEY=$od_key" "ONDUTY_WORKDIR=$od_w" "ONDUTY_OUTPUT=$od_f.o"
  [ -z "$od_earlier" ] || export "ONDUTY_OUTPUTS=$od_f.i"
  [ -z "$od_later" ] || export "od_names=$od_names" "od_pwd=$PWD"
  unset OLDPWD
  case $od_shell in
    bash) set -- bash --norc -eo pipefail -c '. /dev/fd/3' bash ;;
    bash-login) set -- bash --norc -l -c "$od_after_profile"'set -eo pipefail; . /dev/fd/3' bash ;;
    sh-login) set -- "$od_sh" -c "$od_profiles$od_after_profile"'set -e; . /dev/fd/3' sh ;;
    *) set -- "$od_sh" -e -c '. /dev/fd/3' sh ;;
  esac
  exec </dev/null 2>&1 5>&- 6>&- 9>&-
  od_limited $od_defaults "$od_setsid" "$@"
}

# What a login shell of POSIX reads. Not every sh has -l, and a profile is not made for -e.
od_profiles='
  [ ! -r /etc/profile ] || . /etc/profile
  [ ! -r "$HOME/.profile" ] || . "$HOME/.profile"
'
# A profile may set what the job was given and may go elsewhere: the job's own word comes after it. No word splitting:
# IFS may be changed as well.
od_after_profile='
  while [ -n "$od_names" ]; do
    eval "export ${od_names%% *}=\"\$od_env_${od_names%% *}\""
    unset "od_env_${od_names%% *}"
    od_names=${od_names#* }
  done
  CDPATH="" cd -- "$od_pwd" || exit 125
  unset od_names od_pwd OLDPWD
'

od_drain() { # stdin is what the job prints; goes on reading whatever happens to the log
  trap '' HUP INT TERM PIPE
  exec 4<&0 5>&- 6>&-
  read -r od_pid od_word </proc/self/stat
  printf 'D %s\n' "$od_pid" >>"$od_f.x"
  od_limit_log
  cat <&4 >&9
  case $? in
    0) exit 0 ;;
    # The supervisor ends the log so once the job is gone and something else holds the pipe: nothing is missing then.
    137) od_load "$od_f.x" && od_alive "$od_job" "$od_job_ticks" && od_mark_cut ;;
    *) od_mark_cut ;;
  esac
  exec cat <&4 >/dev/null
}

od_mark_cut() {
  od_why_cut
  printf %s "$od_word" | dd "of=$od_f.x" bs=1 seek=1 conv=notrunc
}

od_find_drainer() { # -> od_drainer; without one the job would print into nothing, so then there is none to start
  od_spins=0 od_drainer=''
  while :; do
    { read -r od_word && read -r od_word && read -r od_word && read -r od_word && read -r od_word od_drainer; } <"$od_f.x"
    [ -z "$od_drainer" ] || return 0
    od_spins=$((od_spins + 1))
    if [ "$od_spins" -gt 1000 ]; then
      # The helper was killed between the two halves of the pipe.
      od_error=nostart od_drainer=none
      return 0
    fi
    [ "$od_spins" -lt 30 ] || od_nap 0.005
  done
}

od_settle() { # wait until all that the job printed is in the log -> od_bytes, od_short when we gave up on that
  od_cat='' od_last='' od_still=0 od_spins=0 od_short=0
  read -r od_word od_first </proc/self/fdinfo/9
  while :; do
    # A dead drainer, waited for or not, has no descriptors. It had 8 from its birth and never touches it; any other
    # may not be there yet, or be moved by its shell while its cat runs.
    if ! [ -e "/proc/$od_drainer/fd/8" ]; then
      break
    fi
    od_spins=$((od_spins + 1))
    [ "$od_spins" -gt 60 ] || continue
    if [ "$od_spins" -le 80 ]; then
      od_nap 0.002
      continue
    fi
    od_nap 0.02
    read -r od_word od_bytes </proc/self/fdinfo/9
    od_still=$((od_still + 1))
    [ "$od_bytes" = "$od_last" ] || od_still=0
    od_last=$od_bytes
    # Something that the job left behind holds the pipe. It is heard until it is quiet, or for two seconds.
    if [ "$od_still" -lt 10 ] && [ "$od_spins" -lt 180 ]; then
      continue
    fi
    if [ -z "$od_cat" ]; then
      # Into /dev/null: the log was cut before.
      ! [ "/proc/$od_drainer/fd/1" -ef /dev/null ] || break
      od_cat=$(grep -slE "^[0-9]+ \(.*\) [^ZX] $od_drainer " /proc/[0-9]*/stat)
      od_cat=${od_cat#/proc/} od_cat=${od_cat%/stat}
    fi
    # A pipe keeps the order. So all of the job's own output is in the log once its reader sleeps for want of more
    # (S; waiting for a processor is R, for a slow disk D), or has written more than pipe and reader can hold.
    if [ -n "$od_cat" ]; then
      od_stat "$od_cat" || continue
      if [ "$od_state" = S ] || [ "$((od_bytes - od_first))" -gt 4194304 ]; then
        od_end_log
        break
      fi
    fi
    if [ "$od_spins" -ge 1500 ]; then
      od_short=1
      [ -z "$od_cat" ] || od_end_log
      break
    fi
  done
  read -r od_word od_bytes </proc/self/fdinfo/9
}

od_end_log() { # the log ends here; the drainer goes on reading for the one who was left, and drops it
  kill -KILL "$od_cat"
  od_spins=0
  while [ -e "/proc/$od_cat/fd/1" ] && [ "$od_spins" -lt 200 ]; do
    od_spins=$((od_spins + 1))
    [ "$od_spins" -lt 50 ] || od_nap 0.02
  done
}

od_finish() { # KIND STATUS CPU_TICKS_WAITED_FOR
  od_status=$2 od_waited=$3
  od_settle
  read -r od_one <"$od_f.x"
  od_flags=${od_one%% *}
  case $od_flags in ?x) od_cut=1 ;; ?l) od_cut=2 ;; *) od_cut=$od_short ;; esac
  if [ "$1" = x ] && [ "${od_one#?? S}" = "$od_one" ]; then
    set -- e
    od_status=nostart
  elif [ "$1$od_way" = xs ] && ! [ -e "$od_f.g" ]; then
    set -- e
    od_status=noscope
  fi
  od_log=$od_bytes od_bytes=0
  if [ -f "$od_f.o" ] && [ -s "$od_f.o" ]; then
    od_size "$od_f.o"
  fi
  od_clock
  od_spent "$1" "${od_flags%?}" "$od_waited"
  od_two="R $1 $od_status $od_log $od_cut ${od_flags%?} $od_since $od_now $od_ticks_used $od_bytes $od_memory $od_way ."
  printf '%-111s\n%-95s\n' "$od_one" "$od_two" 1<>"$od_f.x"
  # The result is closed by its mark before the notice is sent, so whoever hears the notice may read the result.
  printf 'N %s %s %.200s\n' "$od_key" "$od_two" "$od_where" >&5
}
