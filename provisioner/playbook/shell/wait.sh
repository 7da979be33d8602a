# Waits until the apply $id has ended. Reads only.
if first_line "$runs/$id/pid" && tail -f /dev/null -s 0.05 --pid="$line"; then
  :
fi
echo "slipway 1"
echo done
