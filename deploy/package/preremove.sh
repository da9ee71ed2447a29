#!/bin/sh
# Before removing, not before an upgrade: deb "remove", rpm 0.
set -e

case "$1" in
remove | 0) ;;
*) exit 0 ;;
esac

if [ -d /run/systemd/system ]; then
	systemctl disable --now rollcall.timer || true
	systemctl stop rollcall.service || true
fi
