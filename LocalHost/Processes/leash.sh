# The leash: replaces itself by the program, and leaves a watcher behind that stops the program when standard input ends.
# Standard input is a pipe whose other end only the AppHost holds, so its end means that the AppHost is dead, however it died
# (kill -9 included). A line on it means that the program ended first and nothing is left to do.
# Arguments: stop signal, seconds of grace before KILL, program, its arguments.
stop=$1
grace=$2
shift 2
exec 3<&0 </dev/null
program=$$
(
  trap '' HUP INT QUIT TERM
  if read -r _ <&3; then exit 0; fi
  kill -s "$stop" "$program"
  tenths=0
  while kill -0 "$program" && [ "$tenths" -lt "$((grace * 10))" ]; do
    sleep 0.1
    tenths=$((tenths + 1))
  done
  kill -s KILL "$program"
  kill -s KILL -- "-$program"
) >/dev/null 2>&1 &
exec "$@" 3<&-
