#!/bin/sh
# Control of the demo's service on one host: install, start, stop, restart, status, probe.
set -eu
. "$HOME/etc/api.env"
pid_file=$HOME/run/api.pid
log=$HOME/log/api.log

running() { [ -s "$pid_file" ] && kill -0 "$(cat "$pid_file")" 2>/dev/null; }

start() {
  release=$(cat "$HOME/releases/current")
  echo "starting api, release $release"
  echo "config $HOME/etc/api.env loaded, 2 keys"
  : > "$log"
  # Without ONDUTY_KEY: the service belongs to the host, not to the job that started it.
  env -u ONDUTY_KEY setsid "@PYTHON@" "$HOME/bin/apid" "$release" "$PORT" "$HOME/run/api.pid" </dev/null >>"$log" 2>&1 &
  tries=0
  while ! grep -q 'listening\|cannot start' "$log" && [ $tries -lt 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
  cat "$log"
  grep -q listening "$log" || { echo "api: main process exited, status 1"; exit 1; }
}

stop() {
  if running; then
    pid=$(cat "$pid_file")
    echo "stopping api (pid $pid)"
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$pid_file"
    echo "stopped api"
  else
    echo "api was not running"
  fi
}

case ${1:-} in
  install) mkdir -p "$HOME/releases/$2"; printf '%s\n' "$2" > "$HOME/releases/current"; echo "unpacked to releases/$2" ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  status) exec "@PYTHON@" "$HOME/bin/apid" --status "$PORT" "$pid_file" ;;
  probe) exec "@PYTHON@" "$HOME/bin/apid" --probe "$PORT" "$2" ;;
  *) echo "usage: api install RELEASE | start | stop | restart | status | probe RELEASE"; exit 64 ;;
esac
