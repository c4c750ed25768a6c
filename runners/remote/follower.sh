# The follower: ships what logs have grown by, and what became of executions that ended.

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
  # The pipe of commands gets a number of its own: 0 is a log's record whenever one is read, and what is told to
  # ourselves must never be written into that.
  exec 7<&0 </dev/null
  while read -r od_c od_a od_b <&7; do
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
      { sleep 0.05 </dev/null || sleep 1 </dev/null; od_tell t; } 5>&- 6>&- >/dev/null &
      od_ticking=$!
    fi
  done
}

od_tell() { # WORD, to the follower itself
  [ -p "/proc/$od_ship_pid/fd/7" ] && printf '%s\n' "$1" >>"/proc/$od_ship_pid/fd/7"
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
        od_tell m
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
