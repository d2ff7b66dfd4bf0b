import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pseudoRandom } from '../testing/pseudo_random';
import { checkAnimator, type GraphDescription } from './animator_interface';
import { CodecError } from './errors';
import { readOnnxMetadata } from './onnx_metadata';

const METADATA = new Map([
  ['facewire_interface', '1'],
  ['name', 'a test'],
]);

function keyframeGraph(): GraphDescription {
  return {
    inputs: new Map([
      ['picture', ['N', 3, 128, 128]],
      ['landmarks', ['N', 478, 3]],
    ]),
    outputs: ['features'],
  };
}

function animateGraph(): GraphDescription {
  const inputs = new Map<string, (number | string)[]>();
  for (const key of ['a', 'b']) {
    inputs.set(`picture_${key}`, ['N', 3, 128, 128]);
    inputs.set(`features_${key}`, ['N', 16, 32, 32]);
    inputs.set(`landmarks_${key}`, ['N', 478, 3]);
  }
  inputs.set('landmarks', ['N', 478, 3]);
  inputs.set('auxiliary', ['N', 3, 64, 64]);
  inputs.set('speech', ['N', 4, 16]);
  for (const key of ['b', 'auxiliary', 'speech']) inputs.set(`valid_${key}`, ['N', 1]);
  return { inputs, outputs: ['picture'] };
}

describe('the animator interface', () => {
  it('reads the sizes from the graphs', () => {
    expect(checkAnimator(keyframeGraph(), animateGraph(), METADATA)).toEqual({
      side: 128,
      features: [16, 32, 32],
      auxiliary: [3, 64, 64],
      speech: [4, 16],
    });
  });

  it.each<[string, RegExp]>([
    ['speech', /no input 'speech'/],
    ['valid_b', /no input 'valid_b'/],
  ])('names the missing input %s', (name, message) => {
    const graph = animateGraph();
    const inputs = new Map(graph.inputs);
    inputs.delete(name);
    expect(() => checkAnimator(keyframeGraph(), { ...graph, inputs }, METADATA)).toThrow(message);
  });

  it.each<[string, (number | string)[], RegExp]>([
    ['landmarks', ['N', 468, 3], /'landmarks' of shape N × 468 × 3, expected N × 478 × 3/],
    ['picture_b', ['N', 3, 64, 64], /'picture_b' of shape/],
    ['auxiliary', ['N', 3, 'A', 'A'], /'auxiliary' of shape/],
    ['extra', ['N', 1], /input 'extra', which the interface does not know/],
  ])('names the difference of %s', (name, shape, message) => {
    const graph = animateGraph();
    const inputs = new Map(graph.inputs).set(name, shape);
    expect(() => checkAnimator(keyframeGraph(), { ...graph, inputs }, METADATA)).toThrow(message);
  });

  it('refuses another interface version and a missing output', () => {
    expect(() => checkAnimator(keyframeGraph(), animateGraph(), new Map())).toThrow(/interface none/);
    expect(() => checkAnimator(keyframeGraph(), { ...animateGraph(), outputs: [] }, METADATA)).toThrow(
      /output 'picture'/,
    );
  });
});

describe('the metadata of an ONNX file', () => {
  const model = new Uint8Array(readFileSync(new URL('../../../models/weights/warp/animate.onnx', import.meta.url)));

  it("is read from the project's own weights", () => {
    expect(readOnnxMetadata(model).get('facewire_interface')).toBe('1');
  });

  it('is refused where the file is cut or damaged, or read to some end', () => {
    expect(() => readOnnxMetadata(model.subarray(0, model.length - 10))).toThrow(CodecError);
    const random = pseudoRandom(7);
    for (let round = 0; round < 2000; round++) {
      const data = Uint8Array.from({ length: random(60) }, () => random(256));
      try {
        readOnnxMetadata(data);
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
      }
    }
  });
});
