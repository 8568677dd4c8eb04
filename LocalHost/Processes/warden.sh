# The warden: one small shell beside the AppHost that outlives it just long enough to stop the children it left behind.
# Standard input is a pipe whose other end only the AppHost holds, so its end means that the AppHost is dead, however it died
# (kill -9 included). Until then every line tells of a child:
#   watch PID SIGNAL SECONDS   stop it by this signal, and kill it after so many seconds
#   forget PID                 it has ended
trap '' HUP INT QUIT TERM
children=
while read -r verb pid signal grace; do
  case $verb in
    watch) children="$children $pid:$signal:$grace" ;;
    forget)
      others=
      for child in $children; do
        [ "${child%%:*}" = "$pid" ] || others="$others $child"
      done
      children=$others
      ;;
  esac
done
longest=0
for child in $children; do
  pid=${child%%:*}
  rest=${child#*:}
  kill -s "${rest%%:*}" "$pid"
  [ "${rest#*:}" -le "$longest" ] || longest=${rest#*:}
done
tenths=$((longest * 10))
while [ "$tenths" -gt 0 ]; do
  left=
  for child in $children; do
    if kill -0 "${child%%:*}"; then left="$left $child"; fi
  done
  children=$left
  [ -n "$children" ] || exit 0
  sleep 0.1
  tenths=$((tenths - 1))
done
for child in $children; do
  kill -s KILL "${child%%:*}"
  kill -s KILL -- "-${child%%:*}"
done
