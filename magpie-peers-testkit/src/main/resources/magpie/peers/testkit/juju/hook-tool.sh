#!/bin/sh
# Copyright the magpie-peers authors.
# SPDX-License-Identifier: Apache-2.0
#
# A hook tool of FakeJuju: hands its arguments to the fake unit agent and prints the agent's answer.
# Builtins only on the usual way (no fork): a charm calls hook tools by the hundred.

die() {
  printf 'ERROR %s\n' "$1" >&2
  exit 1
}

[ -n "${JUJU_CONTEXT_ID-}" ] || die 'JUJU_CONTEXT_ID not set'
[ -n "${JUJU_AGENT_SOCKET_ADDRESS-}" ] || die 'JUJU_AGENT_SOCKET_ADDRESS not set'
[ -n "${JUJU_AGENT_SOCKET_NETWORK-}" ] || die 'JUJU_AGENT_SOCKET_NETWORK not set'

# The agent listens in a directory that exists as long as a hook runs.
a=$JUJU_AGENT_SOCKET_ADDRESS
[ -d "$a" ] || die "dial unix $a: connect: no such file or directory"

# Creating a file that must not exist yet claims one of the agent's lines.
set -C
i=0
until { printf '%s\0' "$JUJU_CONTEXT_ID" "${0##*/}" "$PWD" "$@" >"$a/$i.call"; } 2>/dev/null; do
  i=$((i + 1))
  [ -p "$a/$i.answer" ] && continue
  [ -d "$a" ] || die "dial unix $a: connect: no such file or directory"
  [ -w "$a" ] || die "dial unix $a: connect: permission denied"
  i=0
  sleep 0.01 2>/dev/null || sleep 1
done
[ -p "$a/$i.answer" ] || die "dial unix $a: connect: no such file or directory"

# Open for both first, so that no open waits for an agent that is gone; then keep the reading end
# alone, so that reading ends as soon as the agent goes.
exec 3<>"$a/$i.answer" 4<"$a/$i.answer" 5<>"$a/requests" 3>&-
printf 'call %s %s\n' "$i" "$$" >&5
while IFS=' ' read -r id answer <&4; do
  [ "$id" = "$$" ] || continue # left over from a tool that was killed
  if [ "$answer" = stdin ]; then
    cat >|"$a/$i.stdin"
    printf 'stdin %s %s\n' "$i" "$$" >&5
  else
    printf 'done %s %s\n' "$i" "$$" >&5
    . "$a/$answer"
  fi
done
die 'unexpected EOF'
