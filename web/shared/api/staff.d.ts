// Generated from docs/openapi by `npm run generate`. Never edited by hand.
/* eslint-disable */
export interface paths {
    "/staff/api/code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own code */
        get: operations["staff-code"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own customers */
        get: operations["staff-customers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own groups */
        get: operations["staff-groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/jssdk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sign the address of a page for WeCom's JS-SDK */
        get: operations["staff-jssdk"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in */
        get: operations["staff-me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's numbers of the last seven days */
        get: operations["staff-score"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/tasks/{id}/sent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a message as sent, on the client's word */
        post: operations["staff-task-sent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/tasks/{id}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Skip a task with a reason */
        post: operations["staff-task-skip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/staff/api/today": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's tasks of today */
        get: operations["staff-today"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ApiDetail: {
            code: string;
            field: string;
            message: string;
        };
        ApiEmpty: Record<string, never>;
        ApiProblem: {
            code: string;
            details?: components["schemas"]["ApiDetail"][];
            field?: string;
            message: string;
            params?: {
                [key: string]: unknown;
            };
        };
        CustomerListItem: {
            /** Format: date-time */
            added_at: string | null;
            avatar_text: string;
            channel: string | null;
            /** Format: int64 */
            groups: number;
            /** Format: int64 */
            id: number;
            /** Format: date-time */
            last_order_at: string | null;
            member_no: string | null;
            name: string;
            /** Format: int64 */
            net_fen: number;
            /** Format: int64 */
            orders: number;
            staff: string[];
            stores: string[];
            tags: components["schemas"]["CustomerTagRef"][];
        };
        CustomerTagRef: {
            id: string;
            name: string;
        };
        GroupHealth: {
            reasons: components["schemas"]["GroupReason"][];
            /** Format: int64 */
            score: number | null;
            state: string;
        };
        GroupListItem: {
            /** Format: int64 */
            capacity: number;
            chat_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: int64 */
            customers: number;
            /** Format: int64 */
            exits_7d: number;
            health: components["schemas"]["GroupHealth"];
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            joins_7d: number;
            /** Format: int64 */
            members: number;
            name: string;
            owner_name: string;
            status: string;
            /** Format: int64 */
            store_id: number;
            store_name: string;
        };
        GroupReason: {
            code: string;
            /** Format: double */
            value: number;
        };
        MetricValue: {
            /** Format: int64 */
            denominator?: number;
            /** Format: double */
            high?: number;
            id: string;
            /** Format: double */
            low?: number;
            note: string;
            note_code?: string;
            /** Format: int64 */
            numerator?: number;
            params?: {
                [key: string]: number;
            };
            state: string;
            unit: string;
            /** Format: double */
            value: number | null;
            /** Format: int64 */
            version: number;
        };
        PageCustomerListItem: {
            items: components["schemas"]["CustomerListItem"][];
            next: string;
        };
        PageGroupListItem: {
            items: components["schemas"]["GroupListItem"][];
            next: string;
        };
        SkipInputBody: {
            note?: string;
            /** @enum {string} */
            reason: "customer_asked" | "already_talked" | "not_suitable" | "off_duty" | "other";
        };
        StaffappCode: {
            /** Format: int64 */
            adds_today: number | null;
            qr_svg_url: string;
            url: string;
        };
        StaffappJSSDK: {
            /** Format: int64 */
            agent_id: number;
            agent_signature: string;
            config_signature: string;
            corp_id: string;
            nonce: string;
            /**
             * Format: int64
             * @description Unix seconds
             */
            timestamp: number;
        };
        StaffappMe: {
            corp_name: string;
            /** Format: date-time */
            now: string;
            staff: components["schemas"]["StaffappPerson"];
        };
        StaffappPerson: {
            /** Format: int64 */
            id: number;
            name: string;
            store_name: string | null;
            userid: string;
        };
        StaffappScore: {
            tiles: components["schemas"]["MetricValue"][];
        };
        StaffappTarget: {
            chat_id?: string;
            external_userid?: string;
        };
        StaffappTask: {
            attachments: components["schemas"]["TaskAttachment"][];
            /** Format: date-time */
            due_at: string;
            /** @enum {string} */
            how: "confirm_in_wecom" | "send_here";
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            kind: "mass_single" | "mass_group" | "sidebar_single" | "sidebar_group" | "confirm";
            /** Format: int64 */
            minutes: number;
            people: components["schemas"]["TaskPerson"][];
            recipient_names: string[];
            /** Format: int64 */
            recipients: number;
            state: string;
            target: components["schemas"]["StaffappTarget"];
            text: string;
            title: string;
            why: string;
            /** Format: date-time */
            window_end: string;
        };
        StaffappToday: {
            /** Format: int64 */
            done: number;
            /** Format: int64 */
            due: number;
            tasks: components["schemas"]["StaffappTask"][];
        };
        TaskAttachment: {
            /** Format: int64 */
            file_id?: number;
            title: string;
            type: string;
            url: string;
        };
        TaskPerson: {
            chat_id?: string;
            /** Format: int64 */
            customer_id?: number;
            external_userid?: string;
            /** Format: int64 */
            group_id?: number;
            name: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "staff-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffappCode"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-customers": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                q?: string;
                store_id?: number;
                staff_id?: number;
                tag_id?: string;
                code_id?: number;
                relation?: "active" | "lost" | "none";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageCustomerListItem"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-groups": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                q?: string;
                store_id?: number;
                status?: "normal" | "owner_left" | "dissolved";
                health?: "needs_you" | "ok";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageGroupListItem"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-jssdk": {
        parameters: {
            query: {
                /** @description the page's whole address; a fragment is left out */
                url: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffappJSSDK"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffappMe"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-score": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffappScore"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-task-sent": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiEmpty"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-task-skip": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SkipInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiEmpty"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
    "staff-today": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffappToday"];
                };
            };
            /** @description Error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiProblem"];
                };
            };
        };
    };
}
