# onduty's supervisor: it starts jobs on this host, keeps what they print and how they ended, and says so.
#
# POSIX sh for dash, busybox ash and bash, on Linux. Sent as one quoted unit to a shell that reads its stdin; nothing
# is installed. The shell itself is the loop: each request is one line, `od COUNT VERB ID ARGUMENTS... .`, and COUNT is
# the number of arguments, so that no prefix of a line does anything.
#
# Files of one execution, in a folder of mode 0700:
#   KEY.x  record, whose blocks are reserved at the claim and overwritten in place:
#            line 1  FLAGS TAG SUPERVISOR ITS_TICKS JOB ITS_TICKS BOOT_ID CLAIMED_AT .
#            line 2  R KIND STATUS LOG_BYTES CUT HOW STARTED_AT ENDED_AT CPU_TICKS .   (blank until it has ended)
#            line 3  label for people      line 4  the folder asked for     line 5  D DRAINER
#          TAG is H (claimed by the helper named), S (started) or Z (sealed). FLAGS: the first is C (cancelled) or
#          T (timed out), the second is x when the log was cut. Times are hundredths of a second.
#   KEY.l  log      KEY.o  outputs      work/NAME  work folders
#
# Descriptors: 5 replies and notices, 6 raw bytes, 9 the log (its position, in /proc/PID/fdinfo/9, is the log's size),
# 8 the drainer's sign of life.
# Every variable starts with od_, because assigning to one that the login exports would change the job's environment.
# Three special built-ins end the whole shell when their redirection fails, so they get none that can fail.

od_stat() { # PID -> od_pid od_state od_ppid od_pgrp od_sid od_cpu od_ticks
  read -r od_stat_line <"/proc/$1/stat" || return 1
  od_pid=${od_stat_line%% *}
  # The name of the program may hold anything, ") " included; what follows the last one is numbers.
  set -- ${od_stat_line##*) }
  od_state=$1 od_ppid=$2 od_pgrp=$3 od_sid=$4
  od_cpu=$((${14} + ${15})) od_ticks=${20}
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

# ---- records

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
    *) rm -f "$od_f.l" "$od_f.o" "$od_f.x" </dev/null ;;
  esac
}

# ---- one execution

od_start() { # ID KEY WORKDIR DIR LIMIT LABEL SCRIPT [NAME VALUE]... .
  od_id=$1 od_key=$2
  od_look "$od_key"
  if [ "$od_phase" != absent ]; then
    od_report "$od_id" "$od_key"
    return 0
  fi
  od_work=$3 od_where=$4 od_limit=$5 od_label=$6 od_script=$7
  shift 7
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
  if { od_supervise "$@" </dev/null 8>&- | od_drain & } 9>>"$od_f.l" 8>&9; then
    printf 'D %s\n' "$!" >>"$od_f.x"
  else
    rm -f "$od_f.l" "$od_f.x" </dev/null
    printf 'A %s full\n' "$od_id" >&5
  fi
  od_script=''
}

od_supervise() { # [NAME VALUE]... .   stdout is the pipe to the drainer
  od_stat self
  od_sup=$od_pid od_sup_ticks=$od_ticks od_error=''
  od_folder
  if [ -n "$od_error" ]; then
    exec >/dev/null
    trap '' HUP INT TERM PIPE
    od_drainer=''
    printf 'A %s started\n' "$od_id" >&5
    od_finish e "$od_error" 0
    exit 0
  fi
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
  if [ "$od_limit" != 0 ]; then
    od_timer </dev/null 5>&- 6>&- 9>&- &
  fi
  od_drainer=''
  od_find_drainer
  wait "$od_child"
  od_status=$?
  od_stat self
  od_finish x "$od_status" "$od_cpu"
  exit 0
}

od_folder() { # -> we stand where the job will run, or od_error
  if [ -n "$od_work" ]; then
    od_w=$od_dir/work/$od_work
    for od_d in "$od_dir2" "$od_dir3"; do
      [ -n "$od_d" ] && [ -d "$od_d/work/$od_work" ] && od_w=$od_d/work/$od_work
    done
    if ! [ -d "$od_w" ] && ! mkdir -p "$od_w"; then
      od_error=nowork
      return 0
    fi
  else
    od_w=$HOME
  fi
  CDPATH='' cd -- "$od_w" || od_error=nowork
  if [ -z "$od_error" ] && [ -n "$od_where" ]; then
    if ! [ -d "$od_where" ]; then
      od_error=nodir
    elif ! CDPATH='' cd -- "$od_where"; then
      od_error=noenter
    fi
  fi
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
  while [ "$#" -gt 1 ]; do
    export "$1=$2"
    shift 2
  done
  export "ONDUTY_KEY=$od_key" "ONDUTY_WORKDIR=$od_w" "ONDUTY_OUTPUT=$od_f.o"
  unset OLDPWD
  exec $od_defaults "$od_setsid" "$od_sh" -e -c '. /dev/fd/3' sh </dev/null 2>&1 5>&- 6>&- 9>&-
}

od_drain() { # stdin is what the job prints; goes on reading whatever happens to the log
  trap '' HUP INT TERM PIPE
  exec 4<&0 5>&- 6>&-
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
  printf x | dd "of=$od_f.x" bs=1 seek=1 conv=notrunc
}

od_find_drainer() { # -> od_drainer, once the helper has written it
  { read -r od_word && read -r od_word && read -r od_word && read -r od_word && read -r od_word od_drainer; } <"$od_f.x"
}

od_settle() { # wait until all that the job printed is in the log -> od_bytes, od_short when we gave up on that
  od_cat='' od_last='' od_still=0 od_spins=0 od_short=0
  read -r od_word od_first </proc/self/fdinfo/9
  while :; do
    [ -n "$od_drainer" ] || od_find_drainer
    # A dead drainer, waited for or not, has no descriptors. It had 8 from its birth and never touches it; any other
    # may not be there yet, or be moved by its shell while its cat runs.
    if [ -n "$od_drainer" ] && ! [ -e "/proc/$od_drainer/fd/8" ]; then
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
    if [ -z "$od_cat" ] && [ -n "$od_drainer" ]; then
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

od_finish() { # KIND STATUS CPU_TICKS
  od_status=$2 od_cpu=$3
  od_settle
  read -r od_one <"$od_f.x"
  od_flags=${od_one%% *}
  case $od_flags in ?x) od_cut=1 ;; *) od_cut=$od_short ;; esac
  if [ "$1" = x ] && [ "${od_one#?? S}" = "$od_one" ]; then
    set -- e
    od_status=nostart
  fi
  od_clock
  od_two="R $1 $od_status $od_bytes $od_cut ${od_flags%?} $od_since $od_now $od_cpu ."
  printf '%-111s\n%-95s\n' "$od_one" "$od_two" 1<>"$od_f.x"
  # The result is closed by its mark before the notice is sent, so whoever hears the notice may read the result.
  printf 'N %s %s %.200s\n' "$od_key" "$od_two" "$od_where" >&5
}

od_timer() { # ends the job when its time is over; itself ends at most a second after its supervisor
  od_until=$((od_since + od_limit))
  while od_clock && [ "$od_now" -lt "$od_until" ]; do
    od_left=$((od_until - od_now))
    if [ "$od_left" -ge 100 ]; then
      od_nap 1
    elif [ "$od_left" -ge 10 ]; then
      od_nap "0.$od_left"
    else
      od_nap "0.0$od_left"
    fi
    od_alive "$od_sup" "$od_sup_ticks" || exit 0
  done
  od_end_tree "$od_key" 1000 T
  exit 0
}

# ---- ending a tree

od_say() { # KEY STEP [TEXT]
  [ "$od_how" = T ] || printf 'C %s %s %.300s\n' "$1" "$2" "$3" >&5
}

od_end_tree() { # KEY GRACE HOW
  od_how=$3 od_tries=0
  while :; do
    od_look "$1"
    # Between the claim and the job's own record there is nothing to signal yet.
    [ "$od_phase" = running ] && [ "$od_tag" = H ] && [ "$od_tries" -lt 100 ] || break
    od_tries=$((od_tries + 1))
    od_nap 0.05
  done
  case $od_phase in
    running) [ "$od_tag" = S ] || return 0 ;;
    lost) ;;
    *)
      od_say "$1" gone
      return 0
      ;;
  esac
  # In place, at offset 0: the first flag.
  [ "$od_phase" = running ] && printf %s "$3" 1<>"$od_f.x"
  od_say "$1" term
  od_clock
  od_until=$((od_now + $2)) od_signal=TERM od_first=1 od_self=''
  while :; do
    od_scan "$1"
    if [ -z "$od_found" ] && [ -n "$od_sure" ]; then
      od_say "$1" gone
      return 0
    fi
    od_clock
    if [ -z "$od_first" ] && [ "$od_now" -ge "$od_until" ]; then
      if [ "$od_signal" = KILL ]; then
        od_survivors "$1"
        return 0
      fi
      od_signal=KILL od_until=$((od_now + 500))
      od_say "$1" kill
    fi
    # TERM is sent once: a second one stops the clean-up of programs that take it for impatience.
    if [ -n "$od_first" ] || [ "$od_signal" = KILL ]; then
      od_first=''
      [ -z "$od_group" ] || kill "-$od_signal" "-$od_job"
      for od_p in $od_found; do
        case $od_in_group in *" $od_p "*) continue ;; esac
        kill "-$od_signal" "$od_p"
      done
      [ -z "$od_group" ] || kill -CONT "-$od_job"
    fi
    od_nap 0.05
  done
}

od_scan() { # KEY -> od_found: pids of the tree; od_group when our group lives; od_sure when the table was readable
  od_found=' ' od_in_group=' ' od_group='' od_sure='' od_mine=''
  # Without a job's own number there is nothing that could be told from strangers.
  [ "$od_tag" = S ] && [ "$od_job" -gt 1 ] && [ "$od_born" = "$od_boot" ] || return 0
  # A stranger that got the job's number is not ours, nor is its group.
  if ! od_stat "$od_job" || [ "$od_ticks" = "$od_job_ticks" ]; then
    od_mine=1
  fi
  od_add "$od_job"
  od_stat self
  od_self=$od_pid
  for od_p in $(grep -slE "^$od_self |^[0-9]+ \(.*\) [^ZX] [0-9]+ ($od_job [0-9]+|[0-9]+ $od_job) " \
    /proc/[0-9]*/stat </dev/null); do
    od_p=${od_p#/proc/} od_p=${od_p%/stat}
    if [ "$od_p" = "$od_self" ]; then
      od_sure=1
    elif [ -n "$od_mine" ]; then
      od_add "$od_p"
    fi
  done
  for od_p in $(grep -slzFx -e "ONDUTY_KEY=$1" /proc/[0-9]*/environ </dev/null); do
    od_p=${od_p#/proc/}
    od_add "${od_p%/environ}"
  done
  # Children, and theirs, that changed group, session and environment.
  od_news=$od_found
  while :; do
    od_parents=''
    for od_p in $od_news; do od_parents="${od_parents:+$od_parents|}$od_p"; done
    [ -n "$od_parents" ] || break
    od_before=$od_found
    for od_p in $(grep -slE "^[0-9]+ \(.*\) [^ZX] ($od_parents) " /proc/[0-9]*/stat </dev/null); do
      od_p=${od_p#/proc/}
      od_add "${od_p%/stat}"
    done
    od_news=${od_found#"$od_before"}
  done
  [ "$od_found" != ' ' ] || od_found=''
}

od_add() { # PID: take it into the tree, when it can be the job's
  case $od_found in *" $1 "*) return 0 ;; esac
  case $1 in '' | *[!0-9]* | 0 | 1) return 0 ;; esac
  od_stat "$1" || return 0
  case $od_state in Z | X) return 0 ;; esac
  # What is older than the job is not the job's, whatever else it looks like; nor are we.
  [ "$od_ticks" -ge "$od_job_ticks" ] && [ "$1" != "$od_sup" ] && [ "$1" != "$od_self" ] || return 0
  [ "$1" != "$od_job" ] || [ "$od_ticks" = "$od_job_ticks" ] || return 0
  od_found="$od_found$1 "
  if [ "$od_pgrp" = "$od_job" ] && [ -n "$od_mine" ]; then
    od_group=1 od_in_group="$od_in_group$1 "
  fi
}

od_survivors() { # KEY
  for od_p in $od_found; do
    od_user='' od_cmd=''
    od_stat "$od_p" || continue
    while read -r od_word od_uid od_rest; do
      [ "$od_word" != Uid: ] || break
    done <"/proc/$od_p/status"
    # busybox's id knows names only, and a directory service's users are in no file.
    od_user=$(id -un "$od_uid" </dev/null) || while IFS=: read -r od_word od_rest od_ppid od_rest; do
      [ "$od_ppid" != "$od_uid" ] || od_user=$od_word
    done </etc/passwd
    od_cmd=$(tr '\000-\037\177' ' ' <"/proc/$od_p/cmdline")
    [ -n "$od_cmd" ] || read -r od_cmd <"/proc/$od_p/comm"
    od_say "$1" survivor "$od_p ${od_user:-$od_uid} $od_cmd"
  done
  od_say "$1" survivors
}

# ---- requests

od_refuse() { # REASON
  printf 'X refused %s\n' "$1" >&5
}

od() { # COUNT VERB ID ARGUMENTS... .
  [ "$#" -gt 3 ] && [ "$#" = "$1" ] || return 0
  od_verb=$2
  shift 2
  case $od_verb in
    start) od_start "$@" ;;
    ask)
      od_id=$1
      shift
      while [ "$#" -gt 1 ]; do
        od_look "$1"
        od_report "$od_id" "$1"
        shift
      done
      printf 'A %s ok\n' "$od_id" >&5
      ;;
    seal)
      od_look "$2"
      if [ "$od_phase" = absent ]; then
        od_clock
        od_label='' od_where=''
        if ! od_claim Z; then
          if [ "$od_claimed" = full ]; then
            printf 'A %s full\n' "$1" >&5
            return 0
          fi
          od_look "$2"
        fi
      fi
      od_report "$1" "$2"
      ;;
    fetch) # ID KEY OFFSET BYTES
      od_word=ok
      od_find "$2" &&
        dd "if=$od_f.l" bs=65536 iflag=skip_bytes,count_bytes "skip=$3" "count=$4" </dev/null >&6 || od_word=bad
      printf 'A %s %s\n' "$1" "$od_word" >&5
      ;;
    cancel) # ID KEY GRACE
      od_end_tree "$2" "$3" C </dev/null 6>&- &
      printf 'A %s ok\n' "$1" >&5
      ;;
    remove)
      od_id=$1
      shift
      while [ "$#" -gt 1 ]; do
        od_drop "$1"
        shift
      done
      printf 'A %s ok\n' "$od_id" >&5
      ;;
    unwork)
      {
        od_id=$1
        shift
        while [ "$#" -gt 1 ]; do
          for od_d in "$od_dir" "$od_dir2" "$od_dir3"; do
            [ -n "$od_d" ] && rm -rf "$od_d/work/$1"
          done
          shift
        done
        printf 'A %s ok\n' "$od_id" >&5
      } </dev/null &
      ;;
    ping) printf 'A %s ok\n' "$1" >&5 ;;
  esac
  # Takes the ended children off the process table; a shell without job control does it nowhere else.
  jobs >/dev/null
}

# ---- opening

od_folders() { # -> od_dir, where new executions live; od_dir2 od_dir3, where older ones may
  od_dir='' od_dir2='' od_dir3=''
  umask 077
  od_uid=$(id -u </dev/null)
  for od_base in "${HOME:+$HOME/.local/state/onduty}" "/var/tmp/onduty-$od_uid" "/dev/shm/onduty-$od_uid"; do
    case $od_base in /*) ;; *) continue ;; esac
    if [ -z "$od_dir" ]; then
      [ -e "$od_base/1" ] || mkdir -p "$od_base/1" </dev/null
    fi
    # Anybody may have put a folder of that name into /var/tmp.
    if [ -h "$od_base" ] || ! [ -d "$od_base/1" ] || ! [ -O "$od_base" ] || ! [ -O "$od_base/1" ]; then
      continue
    fi
    if [ -z "$od_dir" ] && printf 'onduty 1\n' >"$od_base/1/.here"; then
      od_dir=$od_base/1
    elif [ -z "$od_dir2" ]; then
      od_dir2=$od_base/1
    else
      od_dir3=$od_base/1
    fi
  done
  [ -n "$od_dir" ]
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
  printf 'X open %s %s %s %s\n' "$1" "$od_boot" "$od_now" "${USER:-${LOGNAME:-$(id -un </dev/null)}}" >&5
  printf 'X folder %s\n' "$od_dir" >&5
  if [ "$2" = follower ]; then
    od_follow
  else
    od_collect </dev/null >&- 5>&- 6>&- &
  fi
}

od_collect() { # once a day: what ended or was given up two weeks ago and was never fetched
  od_today=$((od_now / 8640000)) od_word=''
  read -r od_word <"$od_dir/.collected"
  [ "$od_word" != "$od_today" ] && printf '%s\n' "$od_today" >"$od_dir/.collected" || return 0
  for od_p in $(find "$od_dir" -maxdepth 1 -name '*.x' -mtime +14); do
    od_p=${od_p##*/}
    od_drop "${od_p%.x}"
  done
  for od_p in $(find "$od_dir/work" -mindepth 1 -maxdepth 1 -mtime +14); do
    od_p=${od_p##*/}
    od_inside=''
    for od_d in "$od_dir/$od_p".*.x; do
      [ ! -e "$od_d" ] || od_inside=1
    done
    [ -n "$od_inside" ] || [ -z "$od_p" ] || rm -rf "$od_dir/work/$od_p"
  done
}

# ---- the follower

od_follow() {
  # bash lets every read end after so many seconds; a login may have made it read-only.
  (unset TMOUT) && unset TMOUT
  od_commands 5>&- 6>&- | od_ship
  exit 0
}

od_commands() {
  while read -r od_line; do printf '%s\n' "$od_line"; done
  printf 'end\n'
}

od_ship() { # stdin: `f KEY OFFSET`, `p` (look now), `t` (our own tick), `m` (our own: there is more)
  trap '' PIPE
  od_stat self
  od_ship_pid=$od_pid od_count=0 od_live='' od_ticking='' od_more='' od_frame=524288
  printf 'X ready\n' >&5
  while read -r od_c od_a od_b; do
    case $od_c in
      f)
        od_count=$((od_count + 1))
        eval "od_k_$od_count=\$od_a od_o_$od_count=\$od_b od_s_$od_count='' od_e_$od_count=''"
        od_live="$od_live $od_count"
        ;;
      t)
        wait "$od_ticking"
        od_ticking=''
        ;;
      m) od_more='' ;;
      end) break ;;
    esac
    od_pass || break
    if [ -n "$od_live" ] && [ -z "$od_ticking" ]; then
      # Ticks come through our own stdin, so that one blocking read serves commands and time.
      { sleep 0.05 </dev/null || sleep 1 </dev/null; printf 't\n' >"/proc/$od_ship_pid/fd/0"; } 5>&- 6>&- >/dev/null &
      od_ticking=$!
    fi
  done
}

od_pace() { # a frame as large as the link takes in a moment, so that a flood does not keep other logs waiting
  od_shipped=$od_now
  od_clock
  if [ "$((od_now - od_shipped))" -gt 20 ]; then
    [ "$od_frame" -le 131072 ] || od_frame=$((od_frame / 2))
  elif [ "$((od_now - od_shipped))" -lt 5 ]; then
    [ "$od_frame" -ge 8388608 ] || od_frame=$((od_frame * 2))
  fi
}

od_pass() { # ship what is new; fails when the link is gone
  od_keep=''
  for od_i in $od_live; do
    eval "od_k=\$od_k_$od_i od_o=\$od_o_$od_i od_s=\$od_s_$od_i od_e=\$od_e_$od_i"
    od_p=$od_o
    if [ -n "$od_e" ]; then
      od_p=$od_e
    elif [ -n "$od_s" ] && read -r od_word od_p <"/proc/${od_s%:*}/fdinfo/9"; then
      # Looked at closer only when something changed: the number may belong to a stranger by now.
      if [ "$od_p" != "$od_o" ] && ! od_alive "${od_s%:*}" "${od_s#*:}"; then
        od_s='' od_p=$od_o
      fi
    else
      od_look "$od_k"
      eval "od_f_$od_i=\$od_f"
      od_s=''
      case $od_phase in
        running)
          od_p=$od_bytes
          [ -n "$od_why" ] || od_s=$od_sup:$od_sup_ticks
          ;;
        done | lost) od_p=$od_bytes od_e=$od_bytes ;;
        *) od_p=$od_o od_e=$od_o ;;
      esac
    fi
    if [ "$od_p" -gt "$od_o" ]; then
      eval "od_f=\$od_f_$od_i"
      od_n=$((od_p - od_o))
      if [ "$od_n" -gt "$od_frame" ]; then od_n=$od_frame; fi
      [ "$od_n" -lt "$od_frame" ] || od_clock
      printf 'F %s %s %s\n' "$od_k" "$od_o" "$od_n" >&5 || return 1
      dd "if=$od_f.l" bs=131072 iflag=skip_bytes,count_bytes "skip=$od_o" "count=$od_n" </dev/null >&5 || return 1
      od_o=$((od_o + od_n))
      [ "$od_n" -lt "$od_frame" ] || od_pace
      if [ "$od_o" -lt "$od_p" ] && [ -z "$od_more" ]; then
        od_more=1
        printf 'm\n' >"/proc/$od_ship_pid/fd/0"
      fi
    fi
    if [ -n "$od_e" ] && [ "$od_o" -ge "$od_e" ]; then
      od_look "$od_k"
      od_report - "$od_k" || return 1
    else
      od_keep="$od_keep $od_i"
      eval "od_o_$od_i=\$od_o od_s_$od_i=\$od_s od_e_$od_i=\$od_e"
    fi
  done
  od_live=$od_keep
}
