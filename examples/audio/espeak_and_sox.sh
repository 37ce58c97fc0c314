# What the scripts here begin with: their tools, and a folder $work that is gone afterwards. To be sourced.
set -eu
cd "$(dirname "$0")"

for tool in espeak-ng sox; do
    command -v "$tool" >/dev/null || { echo "${0##*/} needs $tool: apt-get install espeak-ng sox" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
