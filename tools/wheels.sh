#!/usr/bin/env bash
# The wheels of the core and of all plugins, as people get them: built, looked at, installed where nothing else is, used.
#   tools/wheels.sh [DIST]      dist/ by default; needs uv, which `make` installs
set -euo pipefail
cd "$(dirname "$0")/.."
dist=${1:-dist}
bin=$PWD/.venv/bin
rm -rf "$dist"
mkdir -p "$dist"
dist=$(realpath "$dist")

for project in . plugins/*/; do
    [ -f "$project/pyproject.toml" ] && "$bin/uv" build --quiet --wheel --out-dir "$dist" "$project"
done
rm -f "$dist/.gitignore"
"$bin/check-wheel-contents" --ignore W004 "$dist"/*.whl # W004: weights lie in folders that are no packages
for wheel in "$dist"/*.whl; do
    size=$(stat -c %s "$wheel")
    echo "$((size / 1000)) kB  $(basename "$wheel")"
    [ "$size" -le 40000000 ] || { echo "larger than 40 MB" >&2; exit 1; }
done

# A drawing of ours, by models whose weights come in the wheels, in a folder that knows nothing of this checkout.
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
cp examples/sketches/faces/woman_bob_fringe.svg examples/sketches/shoes/ankle_boot.svg "$clean"
python3 -m venv "$clean/venv"
"$bin/uv" pip install --quiet --python "$clean/venv/bin/python" --constraint constraints.txt "$dist"/*.whl
cd "$clean"
export HF_HUB_OFFLINE=1 S2PZOO_CACHE=$clean/cache
unset PYTHONPATH
for model in deepfacedrawing contextualgan hybrids.coloured-face; do
    venv/bin/s2pzoo generate woman_bob_fringe.svg -m "$model" -o "photos/$model"
done
venv/bin/s2pzoo generate ankle_boot.svg -m ups.shoes128 -o photos/ups
venv/bin/s2pzoo clean woman_bob_fringe.svg -o photos/clean
venv/bin/s2pzoo list --json >models.json
venv/bin/python - <<'PY'
import json

told = json.load(open("models.json"))
assert not told["failed"], told["failed"]
ready = [one["name"] for one in told["models"] if one["weights"] == "bundled"]
assert len(ready) >= 9, ready
print(f"{len(told['models'])} models, {len(ready)} with weights, from {len(list(__import__('importlib.metadata').metadata.entry_points(group='s2pzoo')))} plugins")
PY
