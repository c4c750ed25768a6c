# The helper: requests come as lines that the shell itself reads and runs.
#
# COUNT is the number of arguments, so that no prefix of a line does anything.

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
    output) # ID KEY BYTES; what is missing of them comes as NUL
      {
        if od_find "$2" && [ -f "$od_f.o" ]; then
          dd "if=$od_f.o" bs=65536 iflag=count_bytes "count=$3"
        fi
        dd if=/dev/zero bs=65536 iflag=count_bytes "count=$3"
      } </dev/null | head -c "$3" >&6
      printf 'A %s ok\n' "$1" >&5
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
    work) # ID NAME [USER]... .
      od_id=$1
      shift
      od_make_work "$@" </dev/null && printf 'W %s %s\n' "$od_id" "$od_w" >&5
      printf 'A %s ok\n' "$od_id" >&5
      ;;
    where) # ID [NAME]... .
      od_id=$1
      shift
      while [ "$#" -gt 1 ]; do
        od_find_work "$1" && printf 'W %s %s\n' "$od_id" "$od_w" >&5
        shift
      done
      printf 'A %s ok\n' "$od_id" >&5
      ;;
    unwork) # ID [NAME or PATH]... .
      {
        od_id=$1
        shift
        while [ "$#" -gt 1 ]; do
          case $1 in
            /*) rm -rf "$1" ;;
            *) ! od_find_work "$1" || rm -rf "$od_w" ;;
          esac
          shift
        done
        printf 'A %s ok\n' "$od_id" >&5
      } </dev/null &
      ;;
    sample) od_sample "$@" ;;
    ping) printf 'A %s ok\n' "$1" >&5 ;;
  esac
  # Takes the ended children off the process table; a shell without job control does it nowhere else.
  jobs >/dev/null
}

od_collect() { # once a day: what ended or was given up two weeks ago and was never fetched
  od_today=$((od_now / 8640000)) od_word=''
  read -r od_word <"$od_dir/.collected"
  [ "$od_word" != "$od_today" ] && printf '%s\n' "$od_today" >"$od_dir/.collected" || return 0
  # Also where a full home sent them once.
  for od_p in $(find "$od_dir" ${od_dir2:+"$od_dir2"} ${od_dir3:+"$od_dir3"} -maxdepth 1 -name '*.x' -mtime +14); do
    od_p=${od_p##*/}
    od_drop "${od_p%.x}"
  done
  for od_p in $(find "$od_dir/work" ${od_dir2:+"$od_dir2/work"} ${od_dir3:+"$od_dir3/work"} "/var/tmp/onduty-work-$od_uid" "/dev/shm/onduty-work-$od_uid" -mindepth 1 -maxdepth 1 -mtime +14); do
    od_p=${od_p##*/}
    od_inside=''
    for od_d in "$od_dir/$od_p".*.x "${od_dir2:-$od_dir}/$od_p".*.x "${od_dir3:-$od_dir}/$od_p".*.x; do
      [ ! -e "$od_d" ] || od_inside=1
    done
    [ -n "$od_inside" ] || [ -z "$od_p" ] || ! od_find_work "$od_p" || rm -rf "$od_w"
  done
}
