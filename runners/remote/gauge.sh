# What an execution uses, looked at while it lives: processor time and the peak of its memory. And its time limit.
#
# The kernel keeps both for each process, but forgets them with it, and tells the parent's shell nothing of memory. So
# one process per execution looks at the job's tree now and then, with built-ins alone; the supervisor adds at the end
# what it waited for. Each figure is the job's or less: what came and went between two looks is not in it.
#
# Kept in KEY.g, one line in place whose numbers only grow:
#   G CPU_TICKS PEAK_KB OF .   OF is p: the largest process; c: the job whole, by its control group; -: no peak seen

od_watch() { # looks at the job, ends it when its time is over; itself ends at most a second after its supervisor
  od_wait=5 od_rest=0 od_top=0 od_peak=0 od_peak_of=-
  while :; do
    od_clock
    od_left=$od_wait
    if [ "$od_limit" != 0 ] && [ "$((od_since + od_limit - od_now))" -lt "$od_left" ]; then
      od_left=$((od_since + od_limit - od_now))
      [ "$od_left" -gt 0 ] || break
    fi
    if [ "$od_left" -ge 100 ]; then
      od_nap 1
    elif [ "$od_left" -ge 10 ]; then
      od_nap "0.$od_left"
    else
      od_nap "0.0$od_left"
    fi
    od_alive "$od_sup" "$od_sup_ticks" || exit 0
    # Short jobs want an early look, long ones a rare one.
    if [ "$od_wait" -lt 100 ]; then
      od_wait=$((od_wait * 2))
      [ "$od_wait" -le 100 ] || od_wait=100
    fi
    if [ "$od_rest" -gt 0 ]; then
      od_rest=$((od_rest - 1))
      continue
    fi
    od_clock
    od_before=$od_now
    od_gauge
    od_clock
    # A large tree is looked at so rarely that it costs a fiftieth of a processor at most.
    od_rest=$(((od_now - od_before) / 2))
  done
  od_gauge
  od_end_tree "$od_key" 1000 T
  exit 0
}

od_gauge() { # look once
  # Not every kernel tells of children; without them the figures would be those of the job's shell alone.
  [ -r "/proc/$od_sup/task/$od_sup/children" ] || return 0
  # Before the sign it is systemd-run, and no part of the job.
  [ "$od_way" != s ] || [ -e "$od_f.g" ] || return 0
  od_alive "$od_child" "$od_child_ticks" || return 0
  od_sum=0 od_kb=0 od_seen=0 od_todo=$od_child
  while [ -n "$od_todo" ] && [ "$od_seen" -lt 1000 ]; do
    od_level=$od_todo od_todo=''
    for od_p in $od_level; do
      od_stat "$od_p" || continue
      od_seen=$((od_seen + 1)) od_sum=$((od_sum + od_used + od_cpu))
      while read -r od_word od_n od_word2; do
        case $od_word in
          VmHWM:)
            [ "$od_n" -le "$od_kb" ] || od_kb=$od_n
            break
            ;;
        esac
      done <"/proc/$od_p/status"
      for od_word in "/proc/$od_p/task"/*/children; do
        od_n=''
        read -r od_n <"$od_word"
        od_todo="$od_todo $od_n"
      done
    done
  done
  od_kind=p
  # The control group is the job's own alone where limits.sh made it; it goes with it.
  od_cgroup_of "$od_child"
  case $od_group_dir in
    */onduty-"$od_key".scope) od_gauge_group ;;
  esac
  od_changed=''
  if [ "$od_sum" -gt "$od_top" ]; then
    od_top=$od_sum od_changed=1
  fi
  # A figure for the job whole takes the place of one for a process, and is never mixed with it again.
  if [ "$od_kind$od_peak_of" = cp ] || [ "$od_kind$od_peak_of" = c- ]; then
    od_peak=0 od_peak_of=c
  fi
  if [ "$od_kind$od_peak_of" != pc ] && [ "$od_kb" -gt "$od_peak" ]; then
    od_peak=$od_kb od_peak_of=$od_kind od_changed=1
  fi
  [ -z "$od_changed" ] || printf 'G %s %s %s .\n' "$od_top" "$od_peak" "$od_peak_of" 1<>"$od_f.g"
}

od_gauge_group() {
  od_n=''
  read -r od_n <"$od_group_dir/memory.peak"
  case $od_n in
    '' | *[!0-9]*) ;;
    *) od_kb=$((od_n / 1024)) od_kind=c ;;
  esac
  od_word='' od_n=''
  read -r od_word od_n <"$od_group_dir/cpu.stat"
  case $od_n in
    '' | *[!0-9]*) ;;
    *) [ "$od_word" != usage_usec ] || [ "$((od_n / 10000))" -le "$od_sum" ] || od_sum=$((od_n / 10000)) ;;
  esac
}

od_cgroup_of() { # PID -> od_group_dir
  od_group_dir=''
  while read -r od_word; do
    case $od_word in 0::*) od_group_dir=$od_cgroups${od_word#0::} ;; esac
  done <"/proc/$1/cgroup"
}

od_spent() { # KIND FLAG WAITED_TICKS -> od_ticks_used, od_memory (PEAK_KB and OF in one word, or -)
  od_ticks_used=$3 od_memory=-
  od_word='' od_n=0 od_kb=0 od_word2='' od_end=''
  read -r od_word od_n od_kb od_word2 od_end <"$od_f.g"
  if [ "$1" = e ] || [ "$od_word$od_end" != G. ]; then
    return 0
  fi
  # Who ends a job by its time limit is a child of ours as well: then what we waited for is not the job's alone.
  if [ "$2" = T ] || [ "$od_n" -gt "$od_ticks_used" ]; then
    od_ticks_used=$od_n
  fi
  case $od_word2 in p | c) od_memory=$od_kb$od_word2 ;; esac
}
