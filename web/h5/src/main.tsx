import { render } from "preact";
import { App } from "./app";
import "./h5.css";

render(<App />, document.getElementById("root")!);
