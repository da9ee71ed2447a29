#!/bin/sh
# After installing and after an upgrade, of the deb ("configure") and of the rpm
# (1, 2). It starts nothing: that is for whoever has configured it.
set -e

case "$1" in
configure | 1 | 2) ;;
*) exit 0 ;;
esac

if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers rollcall.conf
elif ! getent passwd rollcall >/dev/null; then
	useradd --system --user-group --no-create-home --home-dir / --shell /usr/sbin/nologin rollcall
fi

# The service's user reads what is in here, nobody else does.
for file in /etc/rollcall /etc/rollcall/rollcall.env /etc/rollcall/cloudflare_api_token /etc/rollcall/database_url; do
	if command -v dpkg-statoverride >/dev/null && dpkg-statoverride --list "$file" >/dev/null; then
		continue # the administrator knows better
	fi
	[ ! -e "$file" ] || chgrp rollcall "$file"
done

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
