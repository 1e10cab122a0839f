import { render } from "preact";
import { App } from "./app";
import "./phone.css";

render(<App />, document.getElementById("root")!);
