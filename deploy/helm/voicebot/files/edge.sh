#!/bin/sh
# Keeps Kamailio's list of nodes: the addresses that the headless service has, beside the lines that stay. Arguments: the
# service, the SIP port of the nodes, the lines that stay, the list, Kamailio's control socket, and how often (seconds).
# A name that does not resolve changes nothing: nodes that are gone do not answer OPTIONS.
service=$1 port=$2 stays=$3 list=$4 control=$5 every=$6

write() {
    addresses=$(getent ahostsv4 "$service" | cut -d ' ' -f 1 | sort -u)
    [ -n "$addresses" ] || [ ! -e "$list" ] || return 1
    { cat "$stays"; for address in $addresses; do echo "1 sip:$address:$port 0 0"; done; } > "$list.new"
    [ ! -e "$list" ] || ! cmp -s "$list.new" "$list" || return 1
    mv "$list.new" "$list"
}

write
[ -n "$every" ] || exit 0
while sleep "$every"; do
    if write; then kamcmd -s "$control" dispatcher.reload; fi
done
