// Generated from docs/openapi by `npm run generate`. Never edited by hand.
/* eslint-disable */
export interface paths {
    "/h5/api/code/{token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What stands behind a printed code */
        get: operations["openLanding"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/h5/api/locate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The nearest stores; the position is not kept */
        post: operations["locateStores"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/h5/api/locate/choose": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The doors of a chosen store */
        post: operations["chooseStore"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/h5/api/stores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Stores by city and name, for those who do not share their position */
        get: operations["findStores"];
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
        ApiProblem: {
            code: string;
            details?: components["schemas"]["ApiDetail"][];
            field?: string;
            message: string;
            params?: {
                [key: string]: unknown;
            };
        };
        ChooseInBody: {
            /** Format: int64 */
            store_id: number;
            token: string;
            visitor?: string;
        };
        CustomerappChooseOut: {
            group_qr: string | null;
            group_qr_svg: string | null;
            note: string;
            staff_qr: string | null;
            staff_qr_svg: string | null;
            store: components["schemas"]["CustomerappShownStore"];
        };
        CustomerappFindOut: {
            cities: string[];
            note: string;
            stores: components["schemas"]["CustomerappNearStore"][];
        };
        CustomerappLandingFallback: {
            note: string;
            /** @enum {string} */
            reason: "other_door" | "pick_store" | "ask_in_store";
        };
        CustomerappLandingOut: {
            brand: string;
            fallback: components["schemas"]["CustomerappLandingFallback"];
            kind: string;
            name: string;
            privacy: string;
            qr: string | null;
            qr_svg: string | null;
            store: components["schemas"]["CustomerappShownStore"];
        };
        CustomerappLocateOut: {
            note: string;
            stores: components["schemas"]["CustomerappNearStore"][];
        };
        CustomerappNearStore: {
            address: string;
            city: string;
            close_time: string;
            /** Format: double */
            distance_m: number | null;
            /** Format: int64 */
            id: number;
            name: string;
            open: boolean;
            open_time: string;
        };
        CustomerappShownStore: {
            address: string;
            close_time: string;
            /** Format: int64 */
            id: number;
            name: string;
            open: boolean;
            open_time: string;
        };
        LocateInBody: {
            /**
             * @default gcj02
             * @enum {string}
             */
            coord_system: "wgs84" | "gcj02" | "bd09";
            /** Format: double */
            lat: number;
            /** Format: double */
            lng: number;
            token: string;
            visitor?: string;
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
    openLanding: {
        parameters: {
            query?: {
                /** @description the visitor's number, if the caller keeps one; else a cookie */
                v?: string;
            };
            header?: never;
            path: {
                token: string;
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
                    "application/json": components["schemas"]["CustomerappLandingOut"];
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
    locateStores: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LocateInBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerappLocateOut"];
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
    chooseStore: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChooseInBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CustomerappChooseOut"];
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
    findStores: {
        parameters: {
            query?: {
                token?: string;
                q?: string;
                city?: string;
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
                    "application/json": components["schemas"]["CustomerappFindOut"];
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
