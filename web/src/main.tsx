import "graphiql/setup-workers/vite";
// not graphiql/style.css, which brings Monaco's styles a second time, and fonts as data: addresses
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";
import { createRoot } from "react-dom/client";
import { Page } from "./page";

createRoot(document.getElementById("page")!).render(<Page />);
