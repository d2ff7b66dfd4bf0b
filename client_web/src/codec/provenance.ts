/** The machine-readable mark of rendered pictures: the digital source type of IPTC (cv.iptc.org/newscodes). */
const DIGITAL_SOURCE_TYPES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

/** Made of several parts of which some are synthetic: keyframes that a camera took, and what was drawn from them. */
export const RENDERED = `${DIGITAL_SOURCE_TYPES}compositeSynthetic`;
/** As a camera took it. */
export const FILMED = `${DIGITAL_SOURCE_TYPES}digitalCapture`;
