#!/bin/sh
# Before removing, not before an upgrade: deb "remove", rpm 0.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
	systemctl disable --now rollcall.timer || true
	# Those of docs/scaling.md would go on with a program that is gone, workers of any name.
	systemctl disable rollcall-serve.service rollcall-work@.service || true
	systemctl stop rollcall.service rollcall-serve.service 'rollcall-work@*.service' || true
fi
