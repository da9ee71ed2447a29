#!/usr/bin/env bash
# apache-superset 6.1.0, installed by its name alone, does not start: its commands
# import rich, which it requires of nobody, and its cache of tables passes every option
# on that Flask-Caching hands it, of which version 2.5 has one more than 2.3. With both
# cured it starts, until a database of PostgreSQL is used: that needs cachetools, not
# named either.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
python3 -m venv python
pip() { python/bin/pip install --quiet --disable-pip-version-check "$@"; }
# odfpy has no wheel. The versions that a fresh install took on 2026-11-28.
pip --prefer-binary apache-superset==6.1.0 Flask-Caching==2.5.1
cat >superset_config.py <<'PY'
SECRET_KEY = "a key that is long enough for this trial, and no other"
SQLALCHEMY_DATABASE_URI = "sqlite:///own.db"
PY
export SUPERSET_CONFIG_PATH="$tmp/superset_config.py" FLASK_APP=superset
# said TEXT COMMAND...: the command fails, and this is why.
said() {
  local text=$1
  shift
  if "$@" >out 2>&1; then echo "changed: $* succeeds"; exit 1; fi
  grep -F "$text" out | tail -n 1 || { tail -n 5 out; echo "changed: $* fails for another reason"; exit 1; }
}
said "No module named 'rich'" python/bin/superset version
pip rich==13.9.4
said "unexpected keyword argument 'ignore_delete_many_errors'" python/bin/superset db current
pip Flask-Caching==2.3.1
python/bin/superset db current >out 2>&1 || { tail -n 5 out; echo 'changed: it does not start with Flask-Caching 2.3.1'; exit 1; }
said "No module named 'cachetools'" python/bin/python -c 'import superset.db_engine_specs.aws_iam'
echo 'as seen: three packages that apache-superset 6.1.0 needs and does not name, or not in the version it needs'
