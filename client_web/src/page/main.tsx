import { render } from 'preact';
import './style/base.css';
import './style/entrance.css';
import './style/tile.css';
import './style/call.css';
import './style/panel.css';
import './style/screen.css';
import { Home } from './home/home';
import { roomNameFrom } from './home/room_names';
import { beginLanguage } from './i18n/language';
import { readOptions } from './options';
import { registerServiceWorker } from '../offline/register';
import { ServerViewOffer } from '../rendered_view/consent';
import { followTheme } from './preferences';
import { RoomPage } from './room_page';
import { NoticeCard } from './parts/notice_list';
import { missingAbilities, unsupportedNotice } from './parts/notices';
import { Visit } from './visit';

const root = document.querySelector<HTMLElement>('#app');
if (root === null) throw new Error('index.html has no element with the id "app"');

followTheme();
await beginLanguage();
const room = location.pathname.startsWith('/room/') ? roomNameFrom(location.pathname) : null;
const options = readOptions(location.search);
const missing = missingAbilities(options.decoder);
registerServiceWorker();
if (location.pathname === '/prepare') {
  const { PreparePage } = await import('../offline/prepare_page');
  render(<PreparePage />, root);
} else if (location.pathname === '/demo') {
  const { DemoPage } = await import('../demo/demo_page');
  render(<DemoPage provider={options.provider} begin={options.source} />, root);
} else if (location.pathname === '/play') {
  const { PlayerPage } = await import('../player/player_page');
  render(<PlayerPage provider={options.provider} />, root);
} else if (room === null) {
  document.title = 'facewire';
  render(<Home />, root);
} else if (missing.length > 0) {
  const card = (
    <NoticeCard notice={unsupportedNotice(missing)}>
      {missingAbilities('server').length === 0 && <ServerViewOffer />}
    </NoticeCard>
  );
  render(card, root);
} else {
  render(<RoomPage visit={new Visit(room, options)} name={options.name} />, root);
}
