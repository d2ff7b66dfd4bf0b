/** What the animator's graphs must look like (docs/animator.md). */
import { CodecError } from './errors';
import { LANDMARKS } from './motion';

const INTERFACE = '1';
const KEYFRAME_INPUTS = ['picture', 'landmarks'];
const ANIMATE_INPUTS = [
  'picture_a',
  'features_a',
  'landmarks_a',
  'picture_b',
  'features_b',
  'landmarks_b',
  'valid_b',
  'landmarks',
  'auxiliary',
  'valid_auxiliary',
  'speech',
  'valid_speech',
];

/** Names and shapes of a graph's inputs, and names of its outputs; a free dimension is a string. */
export interface GraphDescription {
  inputs: Map<string, readonly (number | string)[]>;
  outputs: readonly string[];
}

/** Sizes of one set of weights, without the batch axis. */
export interface AnimatorShapes {
  /** Pictures are side × side. */
  side: number;
  features: number[];
  auxiliary: number[];
  speech: number[];
}

/**
 * Checks both graphs and the metadata of `animate.onnx`; returns the sizes.
 *
 * Throws `CodecError` `model-refused` that names the first difference.
 */
export function checkAnimator(
  keyframe: GraphDescription,
  animate: GraphDescription,
  metadata: ReadonlyMap<string, string>,
): AnimatorShapes {
  checkNames('keyframe.onnx', keyframe, KEYFRAME_INPUTS, 'features');
  checkNames('animate.onnx', animate, ANIMATE_INPUTS, 'picture');
  const found = metadata.get('facewire_interface');
  if (found !== INTERFACE) refuse('animate.onnx', `has interface ${found ?? 'none'}, expected ${INTERFACE}`);
  const [, side] = fixedShape(animate, 'picture_a', 3);
  const features = fixedShape(animate, 'features_a', 3);
  const pictures: [string, GraphDescription, string][] = [
    ['keyframe.onnx', keyframe, 'picture'],
    ['animate.onnx', animate, 'picture_a'],
    ['animate.onnx', animate, 'picture_b'],
  ];
  for (const [file, graph, name] of pictures) expectShape(file, graph, name, [3, side ?? 0, side ?? 0]);
  expectShape('animate.onnx', animate, 'features_b', features);
  for (const name of ['valid_b', 'valid_auxiliary', 'valid_speech']) expectShape('animate.onnx', animate, name, [1]);
  return {
    side: side ?? 0,
    features,
    auxiliary: fixedShape(animate, 'auxiliary', 3),
    speech: fixedShape(animate, 'speech', 2),
  };
}

function checkNames(file: string, graph: GraphDescription, inputs: string[], output: string): void {
  for (const name of inputs) {
    if (!graph.inputs.has(name)) refuse(file, `has no input '${name}', which the interface requires`);
  }
  for (const name of graph.inputs.keys()) {
    if (!inputs.includes(name)) refuse(file, `has an input '${name}', which the interface does not know`);
    if (name.startsWith('landmarks')) expectShape(file, graph, name, [LANDMARKS, 3]);
  }
  if (!graph.outputs.includes(output)) refuse(file, `has no output '${output}', which the interface requires`);
}

function expectShape(file: string, graph: GraphDescription, name: string, expected: number[]): void {
  const shape = graph.inputs.get(name) ?? [];
  if (shape.slice(1).join() !== expected.join() || shape.length !== expected.length + 1) {
    refuse(file, `has input '${name}' of shape ${shape.join(' × ')}, expected N × ${expected.join(' × ')}`);
  }
}

function fixedShape(graph: GraphDescription, name: string, rank: number): number[] {
  const shape = (graph.inputs.get(name) ?? []).slice(1);
  const sizes = shape.filter((size): size is number => typeof size === 'number' && size > 0);
  if (sizes.length !== rank || shape.length !== rank) {
    refuse('animate.onnx', `has input '${name}' of shape ${shape.join(' × ')} behind N, expected ${rank} fixed sizes`);
  }
  return sizes;
}

function refuse(file: string, difference: string): never {
  throw new CodecError('model-refused', `the animator's ${file} ${difference}; use weights of this interface`);
}
