# Ending an execution with everything that it started, and nothing else.

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
  od_until=$((od_now + $2)) od_signal=TERM od_first=1 od_self='' od_known=''
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

od_linger() { # a job that is being ended is over when all that it started is gone, or nobody ends it any more
  od_known=''
  while od_load "$od_f.x" && [ "$od_tag" = S ]; do
    case $od_flags in
      C*) ;;
      T*) od_stat "$od_timekeeper" && [ "$od_state" != Z ] || return 0 ;;
      *) return 0 ;;
    esac
    od_scan "$od_key"
    [ -n "$od_found" ] || return 0
    od_nap 0.1
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
  # Who changed all of these and lost the parent since we saw them together is known by number and start.
  for od_p in $od_known; do
    od_stat "${od_p%:*}" && [ "$od_ticks" = "${od_p#*:}" ] && od_add "${od_p%:*}"
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
  case " $od_known" in *" $1:$od_ticks "*) ;; *) od_known="$od_known$1:$od_ticks " ;; esac
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
