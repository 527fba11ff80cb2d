#!/usr/bin/env bash
# What an NVIDIA card makes of the tower: vectors beside those of the processor, and images per second.
# Needs Python with requirements.txt, onnx and onnxruntime-gpu[cuda,cudnn]; fetches nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
exec "${PYTHON3:-python3}" -m tests.gpu "$@"
