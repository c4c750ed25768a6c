# How the host is: what /proc counts, in one look, for whoever asks; and how full its disks are, now and then.
#
# One grep reads all files. Names of files that a host lacks (old kernels, containers) are simply not in the answer.
# Lines go out one by one, each small: several writers share the channel.

od_wanted='^cpu |^(MemTotal|MemAvailable|MemFree|Buffers|Cached|SwapTotal|SwapFree):'
od_wanted="$od_wanted"'|^[0-9.]+ [0-9.]+( [0-9.]+ [0-9]+/[0-9]+ [0-9]+)?$|^some '
od_wanted="$od_wanted"'|^ *[0-9]+ +[0-9]+ ([shv]d[a-z]+|xvd[a-z]+|nvme[0-9]+n[0-9]+|mmcblk[0-9]+|dasd[a-z]+) '
od_wanted="$od_wanted"'|^ *(eth|en|wl|ib)[a-z0-9]*:'
od_line_end='
'
od_df=''

od_sample() { # ID ROOMS [KEY]... .   ROOMS is 1 when the disks are to be looked at as well
  od_id=$1 od_word=$2
  shift 2
  od_rest=$(cd /proc && exec grep -sHE "$od_wanted" stat meminfo loadavg uptime diskstats net/dev \
    pressure/cpu pressure/memory pressure/io </dev/null)$od_line_end
  while [ -n "$od_rest" ]; do
    printf 'S %s %.400s\n' "$od_id" "${od_rest%%"$od_line_end"*}" >&5
    od_rest=${od_rest#*"$od_line_end"}
  done
  while [ "$#" -gt 1 ]; do
    od_rest=''
    od_find "$1" && read -r od_rest <"$od_f.g" && printf 'S %s gauge %s %.100s\n' "$od_id" "$1" "$od_rest" >&5
    shift
  done
  if [ "$od_word" = 1 ]; then
    printf 'S %s cpus %s\n' "$od_id" "$(grep -c '^cpu[0-9]' /proc/stat </dev/null)" >&5
    # A dead network filesystem keeps df for ever: one that is still at it gets no company.
    if [ -z "$od_df" ] || ! od_stat "$od_df" || [ "$od_ppid" != "$od_me" ] || [ "$od_state" = Z ]; then
      od_rooms </dev/null 6>&- &
      od_df=$!
    fi
  fi
  printf 'A %s ok\n' "$od_id" >&5
}

od_rooms() { # lines come unasked, when df is done
  df -Pk / /var /tmp /home "${HOME:-/}" "$od_dir" 5>&- | while read -r od_rest; do
    printf 'M %.400s\n' "$od_rest" >&5
  done
}
