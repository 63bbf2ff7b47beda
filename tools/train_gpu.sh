#!/usr/bin/env bash
# Train on a machine with a GPU, where nothing is installed but torch and there is no network.
#
# DeepFaceDrawing, of DATA with faces/, faces2/, sketches/fs2k/ and squeezenet1_1.safetensors:
#   tools/train_gpu.sh pack DATA PACK         here: data, starting weights and what Python lacks there, into a folder
#   tools/train_gpu.sh begin PACK WORK        there: the corpora on all cores; stage I; images/s of stage II
#   tools/train_gpu.sh train PACK WORK OUT    there: stage II; the bundle comes back in shards below 16 MiB
#   tools/train_gpu.sh join OUT BUNDLE        here: the shards become a bundle
# Stage 1 of UPS, of the COLLECTIONS in DATA (shoes chairs), side by side; START/COLLECTION is where each begins:
#   tools/train_gpu.sh pack-ups DATA START PACK
#   tools/train_gpu.sh train-ups PACK WORK OUT
#   tools/train_gpu.sh join OUT BUNDLE COLLECTION
# Contextual GAN of 128 pixels, of DATA as for DeepFaceDrawing:
#   tools/train_gpu.sh pack-joint DATA PACK
#   tools/train_gpu.sh train-joint PACK WORK OUT
#   tools/train_gpu.sh join OUT BUNDLE joint
# Sketch-BERT, on the folders of DRAWINGS, which a training has read once (PRESET=small or paper):
#   tools/train_gpu.sh pack-strokes DRAWINGS PACK
#   tools/train_gpu.sh train-strokes PACK WORK OUT
#   tools/train_gpu.sh join OUT BUNDLE strokes
#
# Settings, by environment:
#   COUNT   faces of each corpus                 BATCH   of stage II, and of UPS
#   STAGE1  minutes; none: encoders begin as     STAGE2  minutes, with STEPS at most
#           they are, and learn in stage II      MORE    further overrides
#   TRIALS  batch/crop, of which images/s        WORKERS processes that draw batches: fewer for trainings side by side
#   SITTING minutes of this call; UNTIL          RESUME  1: go on with what such a call left in WORK
#           when it ends, in seconds of the epoch, where corpora are made first
# Rehearsals on a CPU: BATCH=4 STAGE1=0.3 PRECISION=32-true for UPS; COUNT=64 STAGE1=0.3 STAGE2=0.3 BATCH=4 STEPS=99 TRIALS=4/128 TRIAL=11 STAGE1_BATCH=4 SAMPLES=64 PRECISION=32-true
set -euo pipefail
cd "$(dirname "$0")/.."

cores=$(nproc)
precision=${PRECISION:-bf16-mixed}
workers=${WORKERS:-$((cores > 2 ? cores - 1 : cores))}

there() { # what `begin` and `train` share
    PACK=$(realpath "$1") WORK=$2
    mkdir -p "$WORK"
    WORK=$(realpath "$WORK")
    PYTHONPATH=$PACK/site:$PWD$(printf ":$PWD/%s" plugins/*)
    export PYTHONPATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE HF_HUB_OFFLINE=1
    common=(--data "$WORK" data.corpus=photographed+generated data.preview=held_out data.mirrored=true
        data.drawings="$PACK/drawings" schedule.workers="$workers" schedule.precision="$precision"
        schedule.sample_every_minutes=3 schedule.checkpoint_every_minutes=30)
}

s2pzoo() { python3 -m s2pzoo "$@"; }

stage2() { # OUT MINUTES BATCH [override...]
    local embedding=$WORK/stage1
    [ -d "$embedding" ] || embedding=$PACK/start
    s2pzoo train deepfacedrawing/stage2 --out "$1" "${common[@]}" networks.embedding.bundle="$embedding" \
        networks.start.bundle="$PACK/start" networks.embedding.trained=true networks.embedding.samples="${SAMPLES:-2048}" \
        weights.reconstruction=1 losses.perceptual.backbone="$PACK/squeezenet1_1.safetensors" \
        schedule.minutes="$2" schedule.batch="$3" seed=21 "${@:4}"
}

what_python_lacks() { # PACK
    .venv/bin/python -m pip install -q --no-deps --target "$1/site" cattrs
    cp -r .venv/lib/python3*/site-packages/s2pzoo*.dist-info "$1/site/"
    du -sh "$1"
}

faces() { # DATA PACK
    mkdir -p "$2"/{faces,faces2,site}
    .venv/bin/python - "$1" "$2" <<'PY'
import csv, shutil, sys
from pathlib import Path

data, pack = map(Path, sys.argv[1:])
for name in ("faces", "faces2"):
    shutil.copytree(data / name / "photo", pack / name / "photo", dirs_exist_ok=True)
    shutil.copy(data / name / "landmarks.json", pack / name)
    shutil.copy(data / name / "info.csv", pack / name)
with (pack / "faces2/info.csv").open() as file:
    for row in csv.DictReader(file):
        if "NC" in row["licence"]:
            (pack / "faces2/photo" / f"{row['name']}.jpg").unlink()
shutil.copy(data / "squeezenet1_1.safetensors", pack)
PY
}

corpora() { # COUNT
    s2pzoo corpus "$PACK/faces" "$WORK/photographed" --count "$1" --workers "$cores"
    s2pzoo corpus "$PACK/faces2" "$WORK/generated" --count "$1" --workers "$cores"
    s2pzoo corpus "$PACK/faces2" "$WORK/held_out" --split test --count 48 --seed 1 --workers "$cores"
}

sitting() { # NAME OUT RECIPE [override...]: a training into WORK/NAME; its log, and its bundle and last sheet in shards
    local more run=$WORK/$1
    read -ra more <<<"${MORE:-}"
    mkdir -p "$2"
    s2pzoo train "$3" --out "$run" schedule.precision="$precision" schedule.minutes="${STAGE1:-8}" schedule.steps=1000000 \
        schedule.sample_every_minutes=2 schedule.checkpoint_every_minutes=30 ${SITTING:+--minutes "$SITTING"} \
        ${RESUME:+--resume} "${@:4}" "${more[@]}" >"$2/$1.log" 2>&1 || true
    tail -c 400 "$2/$1.log"
    tar -C "$run" -c manifest.json model.safetensors golden.safetensors README.md metrics.jsonl \
        "samples/$(ls "$run/samples" | tail -n 1)" | split -b 15M - "$2/$1.tar."
}

case ${1:-} in
pack)
    faces "$2" "$3"
    mkdir -p "$3/drawings"
    .venv/bin/python - "$2" "$3" <<'PY'
import sys
from pathlib import Path
from attrs import evolve
from PIL import Image

import s2pzoo
from s2pzoo.pipeline.run import save_bundle

data, pack = map(Path, sys.argv[1:])
for one in sorted((data / "sketches/fs2k").glob("*.jpg")):
    Image.open(one).convert("L").save(pack / "drawings" / one.name, quality=60)

# The weights without their bank, a third of them, which stage II fills anew.
pipeline = s2pzoo.load("deepfacedrawing", device="cpu")
parts = {name: part for name, part in pipeline.components.items() if name != "manifold"}
steps = [step for step in pipeline.model.steps if step.name in parts]
about = {"training": pipeline.metadata["training"]}
model = evolve(pipeline.model, name="deepfacedrawing.start", steps=steps)
save_bundle(pack / "start", model, parts, about=about, dtype="float16")
PY
    what_python_lacks "$3"
    ;;
pack-ups)
    # Photos at the side they are read at, UnpairedData.load, save for a little.
    .venv/bin/python - "$2" "$4" ${COLLECTIONS:-shoes chairs} <<'PY'
import shutil, sys
from pathlib import Path
from PIL import Image

data, pack = map(Path, sys.argv[1:3])
for name in sys.argv[3:]:
    into = pack / name
    shutil.copytree(data / name, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("photo", "line"))
    (into / "photo").mkdir(exist_ok=True)
    for line in sorted((data / name / "line").glob("*.png")):
        (into / "line").mkdir(exist_ok=True)
        Image.open(line).convert("L").quantize(16).save(into / "line" / line.name, optimize=True)
    for photo in sorted((data / name / "photo").iterdir()):
        small = Image.open(photo).convert("RGB").resize((144, 144), Image.Resampling.LANCZOS)
        small.save(into / "photo" / f"{photo.stem}.jpg", quality=88)
PY
    cp -r "$3" "$4/start"
    cp "$2/squeezenet1_1.safetensors" "$4/"
    what_python_lacks "$4"
    ;;
pack-strokes)
    for part in "$2"/*/; do
        mkdir -p "$3/$(basename "$part")"
        cp "$part"/sequences*.npz "$3/$(basename "$part")/"
    done
    what_python_lacks "$3"
    ;;
train-strokes)
    there "$2" "$3"
    sitting strokes "$4" encoders/gestalt --data "$PACK" networks.preset="${PRESET:-small}" schedule.workers="$workers" \
        schedule.batch="${BATCH:-256}"
    ;;
pack-joint)
    faces "$2" "$3"
    what_python_lacks "$3"
    ;;
train-joint)
    there "$2" "$3"
    [ -n "${RESUME:-}" ] || time corpora "${COUNT:-4096}"
    [ -z "${UNTIL:-}" ] || SITTING=$(awk "BEGIN {print ($UNTIL - $(date +%s)) / 60}")
    sitting joint "$4" contextualgan/joint128 --data "$WORK" data.corpus=photographed+generated data.preview=held_out \
        losses.perceptual.backbone="$PACK/squeezenet1_1.safetensors" schedule.workers="$workers" schedule.batch="${BATCH:-64}"
    ;;
train-ups)
    there "$2" "$3"
    read -ra collections <<<"${COLLECTIONS:-shoes chairs}"
    share=$(((cores - 1) / ${#collections[@]}))
    for name in "${collections[@]}"; do
        sitting "$name" "$4" ups/stage1 --data "$PACK" data.collection="$name" networks.start.bundle="$PACK/start/$name" \
            losses.perceptual.backbone="$PACK/squeezenet1_1.safetensors" schedule.workers=$((share > 1 ? share : 1)) \
            schedule.prefetch=6 schedule.batch="${BATCH:-32}" rules.unpaired_start=0 &
    done
    wait
    ;;
begin)
    there "$2" "$3"
    time corpora "${COUNT:-8192}"
    if [ -n "${STAGE1:-}" ]; then
        s2pzoo train deepfacedrawing/stage1 --out "$WORK/stage1" "${common[@]}" networks.start.bundle="$PACK/start" \
            schedule.minutes="$STAGE1" schedule.batch="${STAGE1_BATCH:-64}" schedule.steps=1000000 seed=20
        tail -n 1 "$WORK/stage1/metrics.jsonl"
    fi
    for trial in ${TRIALS:-}; do
        SAMPLES=16 stage2 "$WORK/trial" 0 "${trial%/*}" rules.crop="${trial#*/}" schedule.steps="${TRIAL:-60}" >/dev/null
        echo "batch/crop $trial: $(tail -n 1 "$WORK/trial/metrics.jsonl" | cut -c 1-90)"
        rm -r "$WORK/trial"
    done
    ;;
train)
    there "$2" "$3"
    mkdir -p "$4"
    read -ra more <<<"${MORE:-}"
    if ! stage2 "$WORK/stage2" "${STAGE2:-8}" "${BATCH:-48}" schedule.steps="${STEPS:-5000}" "${more[@]}"; then
        tar -C "$WORK/stage2" -c --exclude optimizers.safetensors checkpoints | split -b 15M - "$4/checkpoint.tar."
        exit 1
    fi
    tar -C "$WORK/stage2" -c manifest.json model.safetensors golden.safetensors README.md | split -b 15M - "$4/bundle.tar."
    cp "$WORK"/stage2/metrics.jsonl "$4/"
    cp "$(ls -t "$WORK"/stage2/samples/*.png | head -n 1)" "$4/samples.png"
    ;;
join)
    mkdir -p "$3"
    cat "$2/${4:-bundle}".tar.* | tar -C "$3" -x
    ;;
*)
    sed -n '2,/^set/{/^#/p}' "$0"
    exit 2
    ;;
esac
