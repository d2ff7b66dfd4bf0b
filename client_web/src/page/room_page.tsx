import { Consent } from '../rendered_view/consent';
import { CallPage } from './call/call_page';
import { Ending } from './ending/ending';
import { Prejoin } from './prejoin/prejoin';
import type { Visit } from './visit';

/** A room's page: perhaps a question first, then preview, call, ending. */
export function RoomPage({ visit, name }: { visit: Visit; name: string | null }) {
  const stage = visit.stage.value;
  if (visit.serverView.stage.value === 'asked') return <Consent view={visit.serverView} room={visit.room} />;
  switch (stage.name) {
    case 'prejoin':
      return <Prejoin visit={visit} name={name} />;
    case 'call':
      return <CallPage model={stage.model} visit={visit} />;
    case 'ended':
      return <Ending room={visit.room} error={stage.error} recorder={stage.recorder} />;
  }
}
