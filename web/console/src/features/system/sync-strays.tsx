// Contact ways at WeCom that no code uses. They are shown, never deleted: printed paper lives long.
import type { StrayWay } from "@shared/api/types";
import { time } from "@shared/format";
import { useQuery } from "@tanstack/react-query";
import { Drawer, Table } from "antd";
import { useT } from "../../i18n";
import { EmptyState, Loaded } from "../../kit/states";
import { useZone } from "../../lib/session";
import { straysQuery } from "./api";

export function StrayDrawer({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useT();
  return (
    <Drawer open={open} onClose={onClose} size={860} title={t("sync.strays")} destroyOnHidden>
      {open && <StrayList />}
    </Drawer>
  );
}

function StrayList() {
  const t = useT();
  const zone = useZone();
  const query = useQuery(straysQuery);
  return (
    <div className="stack">
      <span className="quiet">{t("sync.strays_note")}</span>
      <Loaded query={query}>
        {({ items, next }) =>
          items.length === 0 ? (
            <EmptyState title={t("sync.no_strays")} />
          ) : (
            <>
              <Table<StrayWay>
                size="small"
                rowKey="config_id"
                pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
                dataSource={items}
                columns={[
                  { title: t("sync.remark"), render: (_, w) => w.remark },
                  { title: "state", width: 150, render: (_, w) => <span className="num">{w.state}</span> },
                  { title: t("sync.way_users"), render: (_, w) => w.users.join(", ") },
                  { title: "config_id", width: 270, render: (_, w) => <span className="num">{w.config_id}</span> },
                  {
                    title: t("sync.found_at"),
                    width: 130,
                    render: (_, w) => <span className="num">{time(w.found_at, zone)}</span>,
                  },
                ]}
              />
              {next && <span className="quiet">{t("sync.more_strays", { n: items.length })}</span>}
            </>
          )
        }
      </Loaded>
    </div>
  );
}
