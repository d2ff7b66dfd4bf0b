import type { IconName } from '../parts/icon';
import type { Messages } from '../i18n/english';
import { messages } from '../i18n/language';
import type { CallModel } from './call_model';
import { ScreenShare } from '../../screen/screen_share';
import { togglePictureInPicture } from './picture_in_picture';

/** Something that one can do in a call, by button or by key. */
export interface Action {
  id: string;
  /** As `KeyboardEvent.key` says it, in upper case. */
  key: string;
  icon: IconName;
  /** What pressing it does now. */
  label: string;
  /** Where its button is; on narrow screens all but `always` are in the menu. */
  place: 'always' | 'bar' | 'menu';
  /** Whether what it switches is on; `undefined` where it switches nothing. */
  isOn?: boolean;
  isWarning?: boolean;
  isDisabled?: boolean;
  run: () => void;
}

/** Everything that one can do now, in the order of the buttons. */
export function callActions(model: CallModel, t: Messages['actions']): Action[] {
  const { media } = model;
  const hasMicrophone = media.microphone.value !== null;
  const muted = media.muted.value;
  const cameraOn = media.cameraOn.value;
  const isSpeakerView = model.view.value === 'speaker';
  const panel = model.panel.value;
  const unread = model.chat.unread.value;
  return [
    {
      id: 'mute', key: 'M', icon: muted ? 'microphone-off' : 'microphone', place: 'always', isWarning: muted,
      label: hasMicrophone ? (muted ? t.unmute : t.mute) : t.noMicrophone, isDisabled: !hasMicrophone,
      run: () => media.setMuted(!muted),
    },
    {
      id: 'camera', key: 'V', icon: cameraOn ? 'camera' : 'camera-off', place: 'always', isWarning: !cameraOn,
      label: cameraOn ? t.cameraOff : t.cameraOn, run: () => void media.setCameraOn(!cameraOn),
    },
    {
      id: 'hand', key: 'H', icon: 'hand', place: 'bar', isOn: model.hand.value,
      label: model.hand.value ? t.lowerHand : t.raiseHand, run: () => (model.hand.value = !model.hand.value),
    },
    {
      id: 'chat', key: 'T', icon: 'chat', place: 'always', isOn: panel === 'chat',
      label: unread === 0 ? t.chat : t.chatUnread(unread), run: () => model.toggle('chat'),
    },
    {
      id: 'people', key: 'P', icon: 'people', place: 'bar', isOn: panel === 'people', label: t.people,
      run: () => model.toggle('people'),
    },
    {
      id: 'screen', key: 'X', icon: 'screen', place: 'bar', isOn: model.screens.own.value !== null,
      label: model.screens.own.value === null ? t.shareScreen : t.stopSharing, isDisabled: !ScreenShare.isAvailable(),
      run: () => void model.screens.toggle(),
    },
    { id: 'copy', key: 'C', icon: 'link', place: 'bar', label: t.copyLink, run: () => void model.copyLink() },
    {
      id: 'view', key: 'G', icon: isSpeakerView ? 'grid' : 'speaker', place: 'menu',
      label: isSpeakerView ? t.gridView : t.speakerView,
      run: () => (model.view.value = isSpeakerView ? 'grid' : 'speaker'),
    },
    {
      id: 'record', key: 'R', icon: 'record', place: 'menu', isOn: model.recorder.isRecording.value,
      label: model.recorder.isRecording.value ? messages.value.recordings.stopRecording : messages.value.recordings.record,
      run: () => model.toggleRecording(),
    },
    {
      id: 'picture-in-picture', key: 'I', icon: 'picture-in-picture', place: 'menu', label: t.pictureInPicture,
      isDisabled: !document.pictureInPictureEnabled || model.people.value.length === 0,
      run: () => void togglePictureInPicture(model),
    },
    {
      id: 'status', key: 'S', icon: 'chart', place: 'menu', isOn: panel === 'status', label: t.status,
      run: () => model.toggle('status'),
    },
    {
      id: 'settings', key: 'D', icon: 'settings', place: 'menu', isOn: panel === 'settings', label: t.settings,
      run: () => model.toggle('settings'),
    },
    {
      id: 'shortcuts', key: '?', icon: 'keyboard', place: 'menu', isOn: panel === 'shortcuts', label: t.shortcuts,
      run: () => model.toggle('shortcuts'),
    },
    { id: 'leave', key: 'L', icon: 'leave', place: 'always', label: t.leave, run: () => model.call.leave() },
  ];
}
