import { describe, expect, it } from 'vitest';
import { makeUpRoomName, roomNameFrom } from './room_names';

describe('makeUpRoomName', () => {
  it('makes names that are valid, and different', () => {
    const names = new Set(Array.from({ length: 200 }, makeUpRoomName));
    expect(names.size).toBe(200);
    for (const name of names) {
      expect(name).toMatch(/^[a-z]{4}-[a-z]{4}-[a-z]{6}$/);
      expect(roomNameFrom(name)).toBe(name);
    }
  });
});

describe('roomNameFrom', () => {
  it.each([
    [' demo ', 'demo'],
    ['Monday meeting', 'Monday-meeting'],
    ['https://calls.example/room/tavo-kemi?name=Ada', 'tavo-kemi'],
  ])('reads %s', (typed, name) => {
    expect(roomNameFrom(typed)).toBe(name);
  });

  it.each(['', '   ', 'café', 'a/b', 'x'.repeat(65)])('refuses "%s"', (typed) => {
    expect(roomNameFrom(typed)).toBeNull();
  });
});
