// The rooms of the app, in the order in which what they bring stands in the settings.
import { chatRoom } from "../chat/chat-room";
import { modelsRoom } from "../models/models-room";
import { trustRoom } from "../trust/trust-room";
import type { Room } from "../ui/room";
import { appearanceRoom, appRoom } from "./app-room";

/** What the rooms need to bring what they do. */
type Parts = Parameters<typeof chatRoom>[0] &
  Parameters<typeof modelsRoom>[0] &
  Parameters<typeof trustRoom>[0] &
  Parameters<typeof appRoom>[0];

export const roomsOf = (parts: Parts): readonly Room[] => [
  appearanceRoom(parts),
  chatRoom(parts),
  modelsRoom(parts),
  trustRoom(parts),
  appRoom(parts),
];
