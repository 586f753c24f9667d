#!/bin/sh
# install.sh VENV: installs what the engines for NVIDIA GPUs need into a virtual environment.
#
# It is a script of its own because three packages need more than pip does by itself:
# - pycuda ships as source. It is compiled against the headers of NVIDIA's packages, which have no
#   libNAME.so to link with, so links of that name are made first. Needs g++.
# - onnxruntime and onnxruntime-gpu write into one folder: the former must not be installed.
# - onnxruntime-gpu 1.31 runs TensorRT 10, the engine `tensorrt` runs TensorRT 11. The libraries of
#   10 go into a folder of their own, which workers/engines/shared_libraries.py finds by sys.path.
set -eu
venv=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
python="$venv/bin/python"
site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
cuda="$site/nvidia/cu13"
pip() { "$python" -m pip --disable-pip-version-check --no-input --quiet "$@"; }
limits="-c $here/constraints.txt -c $here/constraints-gpu.txt"

command -v g++ >/dev/null || { echo "pycuda is compiled here; install the package g++" >&2; exit 1; }

echo "installing the headers and the compiler of CUDA"
# shellcheck disable=SC2086
pip install $limits nvidia-cuda-runtime nvidia-curand nvidia-cuda-nvcc nvidia-cuda-crt \
  nvidia-cuda-cccl nvidia-cuda-profiler-api

echo "compiling pycuda; this takes a minute or two"
links="$venv/links"
mkdir -p "$links"
ln -sf "$cuda"/lib/libcurand.so.10 "$links/libcurand.so"
ln -sf "$cuda"/lib/libcudart.so.13 "$links/libcudart.so"
driver=$(ldconfig -p 2>/dev/null | sed -n 's/.*libcuda\.so\.1 .*x86-64.* => //p' | head -n 1)
if [ -n "$driver" ]; then
  ln -sf "$driver" "$links/libcuda.so"
else
  # No driver here (an image is being built): the name is enough to link with.
  echo 'void cuInit(void) {}' | g++ -shared -x c++ -Wl,-soname,libcuda.so.1 -o "$links/libcuda.so" -
fi
# shellcheck disable=SC2086
CUDA_ROOT="$cuda" PATH="$cuda/bin:$PATH" CPATH="$cuda/include:$cuda/include/cccl" \
  LIBRARY_PATH="$links" LDFLAGS="-L$links -Wl,-rpath,$cuda/lib" \
  pip install --no-cache-dir $limits pycuda

if [ "${ONLY_PYCUDA:-}" = 1 ]; then exit 0; fi

echo "installing torch, ONNX Runtime and TensorRT 11; about 9 GB"
pip uninstall -y onnxruntime
# shellcheck disable=SC2086
pip install $limits --extra-index-url https://pypi.nvidia.com -e "$here[gpu,torch,dev]"

echo "installing the libraries of TensorRT 10 for ONNX Runtime"
pip install --no-deps --upgrade --target "$venv/tensorrt-10" \
  --extra-index-url https://pypi.nvidia.com tensorrt-cu13-libs==10.16.1.11
echo "$(cd "$venv" && pwd)/tensorrt-10" > "$site/tensorrt-10.pth"
