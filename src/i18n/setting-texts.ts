// What people read of the settings, and of how a model samples: one entry for each, in all languages, so that a new setting is written in one place. Not for: the
// settings themselves (storage/settings.svelte.ts).
import type { Language } from "./languages";

const texts = {
  "settings.title": {
    en: "Settings",
    fr: "Réglages",
    ja: "設定",
    vi: "Cài đặt",
  },
  "settings.language": {
    en: "Language",
    fr: "Langue",
    ja: "言語",
    vi: "Ngôn ngữ",
  },
  "settings.languageAuto": {
    en: "Same as the browser: {{name}}",
    fr: "Comme le navigateur : {{name}}",
    ja: "ブラウザーに合わせる：{{name}}",
    vi: "Theo trình duyệt: {{name}}",
  },
  "settings.theme": {
    en: "Appearance",
    fr: "Apparence",
    ja: "外観",
    vi: "Giao diện",
  },
  "settings.theme.auto": {
    en: "same as the system",
    fr: "comme le système",
    ja: "システムに合わせる",
    vi: "theo hệ thống",
  },
  "settings.theme.light": {
    en: "light",
    fr: "clair",
    ja: "ライト",
    vi: "sáng",
  },
  "settings.theme.dark": {
    en: "dark",
    fr: "sombre",
    ja: "ダーク",
    vi: "tối",
  },
  "settings.temperature": {
    en: "Temperature",
    fr: "Température",
    ja: "温度（回答のばらつき）",
    vi: "Nhiệt độ",
  },
  "settings.temperatureHint": {
    en: "0 gives the same answer every time; higher gives more variety.",
    fr: "0 donne toujours la même réponse ; une valeur plus élevée donne plus de variété.",
    ja: "0 ではいつも同じ回答になり、高くすると変化が増えます。",
    vi: "0 luôn cho cùng một câu trả lời; cao hơn thì đa dạng hơn.",
  },
  "settings.temperatureAuto": {
    en: "What the model recommends",
    fr: "Ce que le modèle recommande",
    ja: "モデルの推奨値",
    vi: "Theo khuyến nghị của mô hình",
  },
  "settings.answers": {
    en: "Answers",
    fr: "Réponses",
    ja: "回答",
    vi: "Câu trả lời",
  },
  "settings.lineBreaks": {
    en: "Keep single line breaks",
    fr: "Garder les retours à la ligne simples",
    ja: "改行をそのまま表示する",
    vi: "Giữ các lần xuống dòng đơn",
  },
  "settings.lineBreaksHint": {
    en: "Off: consecutive lines become one paragraph, as in Markdown. On: each new line of an answer starts a new line on screen.",
    fr: "Désactivé : les lignes qui se suivent forment un seul paragraphe, comme le veut Markdown. Activé : chaque nouvelle ligne d’une réponse en commence une à l’écran.",
    ja: "オフ：Markdown の規則どおり、続く行は一つの段落にまとめます。オン：回答の改行を画面でもそのまま改行します。",
    vi: "Tắt: các dòng liền nhau được gộp thành một đoạn, theo quy tắc của Markdown. Bật: mỗi dòng mới trong câu trả lời cũng xuống dòng trên màn hình.",
  },
  "settings.writing": {
    en: "Writing and keys",
    fr: "Saisie et clavier",
    ja: "入力とキー",
    vi: "Nhập văn bản và bàn phím",
  },
  "settings.sendKey": {
    en: "What sends a question",
    fr: "Ce qui envoie une question",
    ja: "質問を送信する操作",
    vi: "Cách gửi câu hỏi",
  },
  "settings.sendKey.enter": {
    en: "Enter ({{keys}} starts a new line)",
    fr: "Entrée ({{keys}} passe à la ligne)",
    ja: "Enter（{{keys}} で改行）",
    vi: "Enter ({{keys}} để xuống dòng)",
  },
  "settings.sendKey.mod+enter": {
    en: "The button or {{keys}} (Enter starts a new line)",
    fr: "Le bouton ou {{keys}} (Entrée passe à la ligne)",
    ja: "ボタンまたは {{keys}}（Enter で改行）",
    vi: "Nút gửi hoặc {{keys}} (Enter để xuống dòng)",
  },
  "settings.shortcuts": {
    en: "Keyboard shortcuts",
    fr: "Raccourcis clavier",
    ja: "キーボードショートカットを使う",
    vi: "Dùng phím tắt",
  },
  "settings.shortcutsHint": {
    en: "Off: only Escape still works; it stops an answer. Whatever you choose, a key that types a character is never a shortcut while you are writing.",
    fr: "Désactivés : seule la touche Échap agit encore, elle arrête une réponse. Quel que soit votre choix, une touche qui écrit un caractère n’est jamais une commande pendant que vous écrivez.",
    ja: "オフ：回答を止める Esc だけが働きます。どちらでも、入力中に文字を書くキーがコマンドになることはありません。",
    vi: "Tắt: chỉ còn phím Esc, để dừng câu trả lời. Dù bạn chọn thế nào, phím tạo ra ký tự không bao giờ là lệnh khi bạn đang viết.",
  },
  "settings.data": {
    en: "Your conversations",
    fr: "Vos conversations",
    ja: "あなたの会話",
    vi: "Các cuộc trò chuyện của bạn",
  },
  "settings.about": {
    en: "About",
    fr: "À propos",
    ja: "このアプリについて",
    vi: "Giới thiệu",
  },
  "settings.version": {
    en: "Version {{version}}. Everything runs in this browser; there is no server that sees what you write.",
    fr: "Version {{version}}. Tout se passe dans ce navigateur ; aucun serveur ne voit ce que vous écrivez.",
    ja: "バージョン {{version}}。すべてこのブラウザーの中で動きます。入力した内容を見るサーバーはありません。",
    vi: "Phiên bản {{version}}. Mọi thứ chạy trong trình duyệt này; không có máy chủ nào thấy nội dung bạn viết.",
  },
  "settings.adapter": {
    en: "Graphics: {{adapter}}",
    fr: "Processeur graphique : {{adapter}}",
    ja: "グラフィックス：{{adapter}}",
    vi: "Đồ họa: {{adapter}}",
  },
  "settings.statistics": {
    en: "Runtime statistics",
    fr: "Statistiques d’exécution",
    ja: "実行時の統計",
    vi: "Số liệu vận hành",
  },
  "settings.idle": {
    en: "Unload the model when idle",
    fr: "Retirer le modèle de la mémoire après",
    ja: "使わないときにモデルを解放",
    vi: "Gỡ mô hình khỏi bộ nhớ khi không dùng",
  },
  "settings.idleHint": {
    en: "Frees the memory of the graphics device after this long without a question. The next question loads the model again.",
    fr: "Libère la mémoire graphique après ce temps sans question. La question suivante le recharge.",
    ja: "質問がないままこの時間が過ぎると、グラフィックスのメモリーを解放します。次の質問で再び読み込みます。",
    vi: "Giải phóng bộ nhớ đồ họa sau khoảng thời gian không có câu hỏi. Khi có câu hỏi, mô hình được nạp lại.",
  },
  "settings.idleNever": {
    en: "Never",
    fr: "Jamais",
    ja: "しない",
    vi: "Không bao giờ",
  },
  "settings.watts": {
    en: "Power while a model writes (watts)",
    fr: "Puissance pendant l’écriture (watts)",
    ja: "モデルが書く間の電力（ワット）",
    vi: "Công suất khi mô hình viết (W)",
  },
  "settings.wattsAuto": {
    en: "Estimated",
    fr: "Valeur estimée",
    ja: "推定値に戻す",
    vi: "Theo ước tính",
  },
  "settings.wattsHint": {
    en: "A browser cannot measure it. The energy of an answer is estimated from this and the time it took.",
    fr: "Un navigateur ne peut pas la mesurer. L’énergie d’une réponse est estimée à partir de cette valeur et du temps passé.",
    ja: "ブラウザーでは測れません。回答の電力量は、この値とかかった時間から推定します。",
    vi: "Trình duyệt không đo được. Năng lượng của một câu trả lời được ước tính từ giá trị này và thời gian.",
  },
  "settings.keep": {
    en: "How long records are kept",
    fr: "Durée de conservation",
    ja: "記録の保存期間",
    vi: "Thời gian giữ dữ liệu",
  },
  "settings.keepAlways": {
    en: "no limit",
    fr: "sans limite",
    ja: "無期限",
    vi: "không giới hạn",
  },
  "settings.keepHint": {
    en: "Anything older is deleted for good, when Islet opens and every hour after that.",
    fr: "Ce qui est plus ancien est supprimé définitivement, à l’ouverture d’Islet puis toutes les heures.",
    ja: "それより古いものは、Islet を開いたとき、その後は 1 時間ごとに完全に削除されます。",
    vi: "Dữ liệu cũ hơn bị xóa vĩnh viễn khi mở Islet và mỗi giờ sau đó.",
  },
  "settings.keepNow": {
    en: "Already older than that: {{n}}.",
    fr: "Conversations plus anciennes en ce moment : {{n}}.",
    ja: "現在それより古い会話：{{n}} 件。",
    vi: "Số cuộc trò chuyện hiện cũ hơn mức đó: {{n}}.",
  },
  "sampling.temperature": {
    en: "Temperature",
    fr: "Température",
    ja: "温度（回答のばらつき）",
    vi: "Nhiệt độ",
  },
  "sampling.topP": {
    en: "Top p",
    fr: "Top p",
    ja: "top p",
    vi: "Top p",
  },
} as const satisfies Record<string, Record<Language, string>>;

type Key = keyof typeof texts;

/** Other texts of a language, and all of these. */
export const withSettingTexts = <T extends object>(
  language: Language,
  others: T,
): T & Readonly<Record<Key, string>> => ({
  ...others,
  ...(Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, text[language]])) as Record<Key, string>),
});
