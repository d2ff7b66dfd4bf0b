/** What can go wrong in the codec, in terms that the page can explain. */
export type CodecErrorCode =
  'no-webcodecs' | 'model-file' | 'model-refused' | 'no-provider' | 'no-renderer' | 'camera-ended' | 'bad-bundle' | 'bad-keyframe';

/** A failure of the codec; `message` says what was wrong and what to do. */
export class CodecError extends Error {
  readonly code: CodecErrorCode;

  constructor(code: CodecErrorCode, message: string) {
    super(message);
    this.name = 'CodecError';
    this.code = code;
  }
}

/** A structure of the wire that does not parse (docs/wire-format.md); it is dropped whole. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}

/** A bundle names a keyframe that is not cached here; it is to be requested. */
export class UnknownKeyframeError extends Error {
  constructor(readonly number: number) {
    super(`keyframe ${number} is not cached here; request it from its sender`);
    this.name = 'UnknownKeyframeError';
  }
}
