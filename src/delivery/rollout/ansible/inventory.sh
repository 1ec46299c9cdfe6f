#!/bin/sh
#@HEAD@
# Prints the nodes with these labels, as Ansible asks for them, the first ones in the group kmembuild_canary.
set -eu
case ${1:-} in
--list) ;;
--host) echo '{}'; exit 0 ;;
*) echo "usage: $0 --list" >&2; exit 2 ;;
esac
names=$(kubectl get nodes --selector "$selector" --output name)
names=$(printf '%s\n' "$names" | sed -e 's,^node/,,' -e '/^$/d' | LC_ALL=C sort)
if printf '%s\n' "$names" | grep -v -x -e '[a-z0-9]\([-a-z0-9.]*[a-z0-9]\)\{0,1\}' | grep -q .; then
    echo "kubectl printed something else than names of nodes" >&2
    exit 1
fi
# A list of JSON.
list() { sed -e '/^$/d' -e 's/.*/"&"/' | paste -s -d , - ; }
first=$(printf '%s\n' "$names" | head -n "$canary" | list)
rest=$(printf '%s\n' "$names" | tail -n +$((canary + 1)) | list)
printf '{"kmembuild": {"children": ["kmembuild_canary", "kmembuild_rest"]}, "kmembuild_canary": {"hosts": [%s]}, "kmembuild_rest": {"hosts": [%s]}, "_meta": {"hostvars": {}}}\n' "$first" "$rest"
