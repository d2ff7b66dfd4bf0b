import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** The server that `vite` (development only) hands signalling, models and tables on to. */
const SERVER = 'http://localhost:8080';

/** Runtimes that the workers fetch on demand, by folder of the page and path in the package. */
const RUNTIME_FILES = {
  '/assets/mediapipe/': [
    '@mediapipe/tasks-vision/wasm/vision_wasm_module_internal.js',
    '@mediapipe/tasks-vision/wasm/vision_wasm_module_internal.wasm',
  ],
  '/assets/onnxruntime/': [
    'onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.wasm',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.mjs',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.jspi.wasm',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.mjs',
    'onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify.wasm',
  ],
};

const MEDIA_TYPES: Record<string, string> = { js: 'text/javascript', mjs: 'text/javascript', wasm: 'application/wasm' };

/** Serves the runtimes under fixed addresses in development and copies them there in a build. */
function runtimeFiles(): Plugin {
  const paths = new Map<string, string>();
  for (const [folder, files] of Object.entries(RUNTIME_FILES)) {
    for (const file of files) {
      paths.set(folder + basename(file), fileURLToPath(new URL(`node_modules/${file}`, import.meta.url)));
    }
  }
  return {
    name: 'facewire-runtime-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const address = (request.url ?? '').split('?')[0] ?? '';
        const path = paths.get(address);
        if (path === undefined) {
          next();
          return;
        }
        response.setHeader('Content-Type', MEDIA_TYPES[address.split('.').at(-1) ?? ''] ?? 'application/octet-stream');
        response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
        createReadStream(path).pipe(response);
      });
    },
    generateBundle() {
      for (const [address, path] of paths) {
        this.emitFile({ type: 'asset', fileName: address.slice(1), source: readFileSync(path) });
      }
    },
  };
}

const COMPRESSED = ['.js', '.mjs', '.css', '.html', '.svg', '.wasm', '.webmanifest'];
const COMPRESSION_CACHE = fileURLToPath(new URL('node_modules/.cache/brotli/', import.meta.url));
/** Larger files are compressed somewhat less: the best takes minutes. */
const BEST_UP_TO_BYTES = 1_000_000;

/** Writes `FILE.br` beside each file that a build has written; the server hands it to browsers that can read it. */
function compressedFiles(): Plugin {
  return {
    name: 'facewire-compressed-files',
    apply: 'build',
    writeBundle({ dir }, bundle) {
      mkdirSync(COMPRESSION_CACHE, { recursive: true });
      for (const name of Object.keys(bundle).filter((each) => COMPRESSED.includes(extname(each)))) {
        const path = join(dir ?? '', name);
        writeFileSync(`${path}.br`, compress(readFileSync(path)));
      }
    },
  };
}

/** Compresses a file, or takes what an earlier build made of the same content. */
function compress(content: Buffer): Buffer {
  const quality = content.length > BEST_UP_TO_BYTES ? 9 : 11;
  const cached = join(COMPRESSION_CACHE, `${createHash('sha256').update(content).digest('hex')}-${quality}`);
  if (existsSync(cached)) return readFileSync(cached);
  const compressed = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  });
  writeFileSync(cached, compressed);
  return compressed;
}

export default defineConfig({
  plugins: [runtimeFiles(), compressedFiles()],
  // Without this, the bundled variants of onnxruntime-web would add a second copy of its wasm.
  resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsDir: 'assets',
    manifest: 'built-files.json',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: 'index.html', 'service-worker': 'src/offline/service_worker.ts' },
      // A service worker serves what lies below it, under a name that stays.
      output: {
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    proxy: {
      '^/room/[^/]+/signal$': { target: SERVER, ws: true },
      '/models': SERVER,
      '/tables': SERVER,
    },
  },
});
