import { Toast } from "antd-mobile";

/** Copies text; WebViews without the clipboard API get the old way. */
export async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  Toast.show({ icon: "success", content: said });
}
