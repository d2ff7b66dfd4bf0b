import { english, type Messages } from './english';

export const japanese: Messages = english;
