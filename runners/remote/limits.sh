# What a job may use: its niceness, its memory, its share of processors, the size of its log.
#
# Memory and processors are kept for the job whole by a control group, a scope of systemd, where the account may have
# one. Else memory is kept for each of its processes (ulimit -v), and for processors there is no other means: then
# nothing is started. A log ends where the drainer's own limit of file size is; the drainer goes on reading.

od_take_limits() { # TIME [LOG_BLOCKS MEMORY_KB CPU_PERCENT NICE]   0: none; blocks are of 512 bytes
  od_limit=$1 od_log_blocks=${2:-0} od_memory_kb=${3:-0} od_cpu_percent=${4:-0} od_nice=${5:-0} od_way=-
}

od_choose_way() { # -> od_way: how memory and processors are kept (s: scope, v: each process, -); or od_error
  [ "$od_nice" = 0 ] || command -v nice >/dev/null || od_error=nonice
  if [ "$od_memory_kb" = 0 ] && [ "$od_cpu_percent" = 0 ]; then
    return 0
  fi
  if command -v systemd-run >/dev/null && (od_in_scope "$od_key-probe" '' true) >/dev/null; then
    od_way=s
  elif [ "$od_cpu_percent" != 0 ]; then
    od_error=nocpu
  # A lower limit that stands already cannot be raised, and need not be.
  elif (ulimit -v "$od_memory_kb") || [ "$(ulimit -v)" != unlimited ]; then
    od_way=v
  else
    od_error=nomemory
  fi
}

od_in_scope() { # NAME SIGN COMMAND...   becomes the command, in a scope of that name
  od_name=$1
  shift
  set -- sh -c "$od_gate" sh "$od_cgroups" "$od_memory_kb" "$od_cpu_percent" "$@"
  [ "$od_cpu_percent" = 0 ] || set -- -p "CPUQuota=$od_cpu_percent%" "$@"
  [ "$od_memory_kb" = 0 ] || set -- -p "MemoryMax=${od_memory_kb}K" "$@"
  [ "$od_uid" = 0 ] || set -- --user "$@"
  exec systemd-run --scope --quiet --collect "--unit=onduty-$od_name" "$@"
}

od_cgroups=/sys/fs/cgroup
# Where a controller is not delegated the scope is made all the same and limits nothing: the kernel is asked.
# SIGN is made when all is in force, so that a systemd-run that fails is not taken for the job.
od_gate='
  while read -r line; do case $line in 0::*) group=$1${line#0::} ;; esac; done </proc/self/cgroup
  [ "$2" = 0 ] || { read -r word rest <"$group/memory.max" && [ "$word" != max ]; } || exit 125
  [ "$3" = 0 ] || { read -r word rest <"$group/cpu.max" && [ "$word" != max ]; } || exit 125
  [ -z "$4" ] || printf "G 0 0 - .\n" >"$4" || exit 125
  shift 4
  exec "$@"
'

od_limited() { # COMMAND...   becomes the command, with its limits
  [ "$od_way" != v ] || ulimit -v "$od_memory_kb"
  [ "$od_nice" = 0 ] || set -- nice -n "$od_nice" "$@"
  [ "$od_way" != s ] || od_in_scope "$od_key" "$od_f.g" "$@"
  exec "$@"
}

od_limit_log() { # in the drainer
  if [ "$od_log_blocks" != 0 ]; then
    trap '' XFSZ
    ulimit -S -f "$od_log_blocks"
  fi
}

od_why_cut() { # -> od_word: l when the log has come to its limit, else x
  od_word=x
  [ "$od_log_blocks" != 0 ] && read -r od_p od_n </proc/self/fdinfo/9 || return 0
  [ "$od_n" -lt "$((od_log_blocks * 512))" ] || od_word=l
}
