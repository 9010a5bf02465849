"""A stand-in for the runtime that publish.py puts beside a page."""

# Files of the right names, for tests that run none of them.
GIFENC = "var A=1,B=2,C=3;export{A as GIFEncoder,B as applyPalette,B as default,C as quantize};\n"
STUB = {
    "ort.wasm.min.mjs": b"export const env = {};\n",
    "ort.wasm.min.js": b"var ort = {};\n",
    "ort-wasm-simd-threaded.mjs": b"// </script> <!-- ends nothing\n",
    "ort-wasm-simd-threaded.wasm": bytes(range(256)),
    "gifenc.mjs": GIFENC.encode(),
    "gifenc-LICENSE.md": b"MIT\n",
    "onnxruntime-LICENSE": b"MIT\n",
    "onnxruntime-ThirdPartyNotices.txt": b'a <b> of </pre> & "c"\n',
}
