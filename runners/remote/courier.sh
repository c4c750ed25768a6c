# The courier: puts files into place and reads them out, one request after the other, in a shell of its own.
#
# A request is a line with a verb and a line for each argument; nothing of it is ever evaluated. What follows a "go" is
# exactly as many bytes as were announced. Descriptor 3 is the reply.
# A request that ends in the middle (the link was cut, somebody cancelled) leaves nothing behind.

oc_say() {
  printf '%s\n' "$*" >&3
}

oc_size() { # FILE -> oc_bytes
  set -- $(ls -lnL "$1" </dev/null)
  oc_bytes=${5:-0}
}

oc_sum() { # FILE -> oc_found
  oc_found=$(sha256sum <"$1")
  oc_found=${oc_found%% *}
}

oc_receive() { # exactly oc_want bytes of stdin to stdout
  oc_went=1
  oc_say go
  [ "$oc_want" -lt 65536 ] || dd bs=65536 count="$((oc_want / 65536))" iflag=fullblock || return 1
  [ "$((oc_want % 65536))" -eq 0 ] || dd bs="$((oc_want % 65536))" count=1 iflag=fullblock
}

oc_put() { # DEST BYTES SHA256 MODE TAG
  oc_dest=$1 oc_want=$2 oc_wanted=$3 oc_mode=$4 oc_went=''
  if [ -d "$oc_dest" ]; then
    oc_say no isfolder
    return 0
  fi
  if [ -f "$oc_dest" ] && ! [ -h "$oc_dest" ] && oc_size "$oc_dest" && [ "$oc_bytes" = "$oc_want" ]; then
    oc_sum "$oc_dest"
    if [ "$oc_found" = "$oc_wanted" ] && chmod "$oc_mode" "$oc_dest"; then
      oc_say same
      return 0
    fi
  fi
  oc_folder=${oc_dest%/*}
  if ! [ -d "${oc_folder:-/}" ] && ! mkdir -p "$oc_folder"; then
    oc_say no nofolder
    return 0
  fi
  oc_temp=$oc_folder/.onduty-$5
  rm -f "$oc_temp"
  oc_umask=$(umask)
  umask 077
  # Somebody else may have put a link of that name there: it must be a new file.
  set -C
  { oc_receive; } >"$oc_temp"
  set +C
  umask "$oc_umask"
  if [ -z "$oc_went" ]; then
    oc_say no nowrite
    return 0
  fi
  oc_size "$oc_temp"
  if [ "$oc_bytes" != "$oc_want" ]; then
    rm -f "$oc_temp"
    oc_say no short
    # Where the next request begins is not known any more.
    exit 1
  fi
  oc_sum "$oc_temp"
  if [ "$oc_found" != "$oc_wanted" ]; then
    rm -f "$oc_temp"
    oc_say no othersum
  elif chmod "$oc_mode" "$oc_temp" && mv -f "$oc_temp" "$oc_dest"; then
    oc_say ok
  else
    rm -f "$oc_temp"
    oc_say no norename
  fi
}

oc_list() { # PATH
  if [ -d "$1" ]; then
    oc_here=$(pwd)
    if ! CDPATH='' cd "$1"; then
      oc_say no noread
      return 0
    fi
    if [ -n "$(find . -name '*
*' </dev/null)" ]; then
      oc_say no newline
    else
      oc_say folder
      find . -type f -exec stat -c 'f %s %n' {} + </dev/null >&3
      find . ! -type f ! -type d </dev/null | sed 's/^/l /' >&3
      oc_say end
    fi
    cd "$oc_here" || exit 1
  elif [ -f "$1" ] && [ -r "$1" ]; then
    oc_size "$1"
    oc_say "file $oc_bytes"
  elif [ -f "$1" ]; then
    oc_say no noread
  elif [ -e "$1" ]; then
    oc_say no special
  else
    oc_say no missing
  fi
}

oc_get() { # PATH BYTES
  if ! [ -f "$1" ] || ! [ -r "$1" ]; then
    oc_say no missing
    return 0
  fi
  oc_say ok
  head -c "$2" <"$1" >&3
  oc_found=$(head -c "$2" <"$1" | sha256sum)
  printf '\n%s %s\n' "$oc_nonce" "${oc_found%% *}" >&3
}

oc_open() { # NONCE WORKFOLDER DIR .
  [ "$#" -eq 4 ] || return 0
  exec 3>&1 >/dev/null 2>&1
  oc_nonce=$1
  # The end of stdin ends us, and then we tidy up.
  trap '' HUP INT TERM PIPE
  if [ -n "$2" ] && ! [ -d "$2" ] && ! (umask 077 && mkdir -p "$2"); then
    oc_say "$oc_nonce" no nowork
    exit 0
  fi
  if ! CDPATH='' cd "${3:-$2}"; then
    oc_say "$oc_nonce" no nodir
    exit 0
  fi
  if ! command -v sha256sum; then
    oc_say "$oc_nonce" no nosum
    exit 0
  fi
  oc_say "$oc_nonce" ready
  while IFS= read -r oc_verb; do
    case $oc_verb in
      put)
        IFS= read -r oc_a && IFS= read -r oc_b && IFS= read -r oc_c && IFS= read -r oc_d && IFS= read -r oc_e || exit 1
        oc_put "$oc_a" "$oc_b" "$oc_c" "$oc_d" "$oc_e"
        ;;
      list)
        IFS= read -r oc_a || exit 1
        oc_list "$oc_a"
        ;;
      get)
        IFS= read -r oc_a && IFS= read -r oc_b || exit 1
        oc_get "$oc_a" "$oc_b"
        ;;
      *) exit 1 ;;
    esac
  done
  exit 0
}
