#!/bin/sh
# Brings phoenix.js from npm into the built page: web/phoenix.mjs, beside index.html.
#
#   fetch-phoenix.sh [--required] [DIRECTORY]     DIRECTORY defaults to target/classes/web
#
# The version is the one package-lock.json pins. Nothing is downloaded when node_modules already
# holds it. Without Node.js the build goes on and the page itself says what is missing; with
# --required (or ROOST_REQUIRE_PHOENIX=1) that is an error.
set -eu

required=${ROOST_REQUIRE_PHOENIX:-0}
if [ "${1:-}" = "--required" ]; then
  required=1
  shift
fi
target=${1:-target/classes/web}

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
cd "$here"

go_on_without() {
  echo "fetch-phoenix: $1" >&2
  if [ "$required" = 1 ]; then
    exit 1
  fi
  echo "fetch-phoenix: building without it; the demo page will say what is missing. Once Node.js" >&2
  echo "fetch-phoenix: 20 or newer and npm are installed, the next build or ./roost brings it." >&2
  exit 0
}

# npm writes this copy of the lock when it installs; the same integrity means the same package.
integrity() {
  sed -n '/"node_modules\/phoenix"/,/}/s/.*"integrity": "\([^"]*\)".*/\1/p' "$1" 2>/dev/null || true
}

pinned=$(integrity package-lock.json)
module=node_modules/phoenix/priv/static/phoenix.mjs

if [ ! -f "$module" ] || [ "$(integrity node_modules/.package-lock.json)" != "$pinned" ]; then
  command -v node >/dev/null 2>&1 || go_on_without "Node.js is not installed (need node and npm)."
  command -v npm >/dev/null 2>&1 || go_on_without "npm is not installed."
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
    || go_on_without "npm ci failed; is the npm registry reachable?"
fi

mkdir -p "$target"
cp "$module" "$target/phoenix.mjs"
cp node_modules/phoenix/LICENSE.md "$target/phoenix.LICENSE.md"
version=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' node_modules/phoenix/package.json | head -n 1)
echo "fetch-phoenix: phoenix $version -> $target/phoenix.mjs"
