import { english, type Messages } from './english';

export const spanish: Messages = english;
