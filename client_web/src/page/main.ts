import './style/base.css';
import './style/entrance.css';
import './style/tile.css';
import './style/call.css';
import { showHome } from './home';
import { noticeElement } from './notice_list';
import { unsupportedNotice } from './notices';
import { readOptions } from './options';
import { RoomPage } from './room';
import { roomNameFrom } from './room_names';

const root = document.querySelector<HTMLElement>('#app');
if (root === null) throw new Error('index.html has no element with the id "app"');

const room = location.pathname.startsWith('/room/') ? roomNameFrom(location.pathname) : null;
const unsupported = unsupportedNotice();
if (room === null) {
  showHome(root);
} else if (unsupported !== null) {
  root.replaceChildren(noticeElement(unsupported));
} else {
  new RoomPage(root, room, readOptions(location.search));
}
