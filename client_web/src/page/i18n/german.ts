import { english, type Messages } from './english';

export const german: Messages = english;
