import { english, type Messages } from './english';

export const french: Messages = english;
