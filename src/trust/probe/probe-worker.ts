// A worker of the proof's own: what any worker could do that the app may come to have.
import { answerProbe } from "../../platform/ways-out";
import { tellUnseen } from "../log/unseen-requests";

answerProbe();
tellUnseen("proof");
