// Generated from docs/openapi by `npm run generate`. Never edited by hand.
/* eslint-disable */
export interface paths {
    "/api/archive/adapter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Name the adapter to read from, after trying it */
        put: operations["connectArchive"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask WeCom now who has a seat and who agreed */
        post: operations["askArchiveConsents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Conversations, those with the latest message first */
        get: operations["listArchiveChats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/chats/{id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A stretch of one conversation */
        get: operations["readArchiveChat"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/chats/{id}/messages/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything that one message holds */
        get: operations["getArchiveMessage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/consents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who agreed to the archive, latest change first */
        get: operations["listArchiveConsents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/coverage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who has an archive seat */
        get: operations["getArchiveCoverage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Read new messages now */
        post: operations["pullArchive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that hold a piece of text, newest first */
        get: operations["searchArchive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change how long messages are kept and whether files are fetched */
        put: operations["saveArchiveSettings"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/archive/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where reading stands, what is held and what is missing */
        get: operations["getArchiveState"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who did what */
        get: operations["listAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in with a one-time link */
        post: operations["use-link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in with e-mail and password */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign out */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set one's own password */
        post: operations["set-password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/clock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The corp's clock */
        get: operations["getClock"];
        put?: never;
        /** Pause, play or change the speed of an accelerated clock */
        post: operations["setClock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/clock/next-day": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Run an accelerated clock to the next morning */
        post: operations["nextDay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Live codes in the caller's scope, newest first */
        get: operations["listCodes"];
        put?: never;
        /** Make a code; WeCom's side follows within seconds */
        post: operations["createCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/codes/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One code: who stands behind it and what it brought */
        get: operations["getCode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change, pause or retry a code */
        patch: operations["updateCode"];
        trace?: never;
    };
    "/api/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Customers in the caller's scope, newest first */
        get: operations["listCustomers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everything about one customer */
        get: operations["getCustomer"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/opt-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop all messages to a customer */
        post: operations["optOut"];
        /** Take an opt-out back at the customer's word */
        delete: operations["optIn"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one customer bought, newest first */
        get: operations["list-customer-orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/customers/{id}/timeline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened to a customer, newest first */
        get: operations["getTimeline"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/departments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All departments, with how many stores and staff stand in each and below it */
        get: operations["list-departments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Files, newest first */
        get: operations["listFiles"];
        put?: never;
        /** Keep a picture, video or document */
        post: operations["uploadFile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Groups in the caller's scope, newest first */
        get: operations["listGroups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One group with its basics of health */
        get: operations["getGroup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{id}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What changed in a group, newest first */
        get: operations["listGroupChanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is in a group, or was */
        get: operations["listMembers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Imports, newest first */
        get: operations["list-imports"];
        put?: never;
        /** Upload a file of stores, orders or members */
        post: operations["upload-import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One import with its column mapping and progress */
        get: operations["get-import"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/imports/{id}/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The wrong and doubtful rows of an import, 10,000 at most */
        get: operations["list-import-errors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What every number means */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Orders, newest first */
        get: operations["list-orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a day's orders brought */
        get: operations["getOrdersSummary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the first run has come */
        get: operations["get-setup"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Our public address and the callback's keys */
        put: operations["set-setup-address"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/brand": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The brand and its owner */
        put: operations["set-setup-brand"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Examine what was entered so far */
        post: operations["check-setup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/corp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The corp's app, tested at once */
        put: operations["set-setup-corp"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/enter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin or go on with the one-time link */
        post: operations["enter-setup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** A proof file for the root of our address */
        put: operations["set-setup-file"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/setup/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Register the corp and sign its owner in */
        post: operations["finish-setup"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/board": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show execution by region, store and staff */
        get: operations["sop-board"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List plans */
        get: operations["sop-plan-list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a plan */
        get: operations["sop-plan-get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a plan */
        post: operations["sop-plan-pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans/{id}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Publish the next version of a plan */
        post: operations["sop-plan-publish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Put a plan to work */
        post: operations["sop-plan-resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sop/plans/{id}/steps-report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Report a plan by step */
        get: operations["sop-steps-report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/staff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Staff by name */
        get: operations["list-staff"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/statistics/cover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Which days are archived, and how far */
        get: operations["getStatisticCover"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/statistics/owners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeCom's figures of customer groups by owner and day, newest day first */
        get: operations["listOwnerDays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/statistics/staff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeCom's figures by member of staff and day, newest day first */
        get: operations["listStaffDays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/statistics/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The metrics over WeCom's archived statistics: a day's numbers and the days before */
        get: operations["getOfficialFigures"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Stores by name */
        get: operations["list-stores"];
        put?: never;
        /** Add a store */
        post: operations["create-store"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stores/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change a store, or move it on the map */
        patch: operations["update-store"];
        trace?: never;
    };
    "/api/system/call-limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeCom's limits of calls, fullest first */
        get: operations["listCallLimits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/callbacks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** WeCom's callbacks, newest first */
        get: operations["listCallbacks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/callbacks/replay-failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Handle all failed callbacks again */
        post: operations["replayFailedCallbacks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/callbacks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One callback with what was decided and done because of it */
        get: operations["getCallback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/callbacks/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Handle a callback again */
        post: operations["replayCallback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the last examination of this installation found */
        get: operations["get-doctor"];
        put?: never;
        /** Examine this installation now; takes up to ten seconds and changes nothing */
        post: operations["run-doctor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/door": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What came to the callback address and what became of it */
        get: operations["getDoor"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs and what waits */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Machine jobs */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/meters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What WeCom rations, and how much of it is used */
        get: operations["getMeters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Say what WeCom allows this corp, where it does not tell */
        patch: operations["setMeterLimits"];
        trace?: never;
    };
    "/api/system/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Calls to WeCom, newest first */
        get: operations["listCalls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/stray-ways": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Contact ways at WeCom that no code uses */
        get: operations["listStrayWays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest runs with their progress and statements */
        get: operations["listSyncs"];
        put?: never;
        /** Start a run, or let the paused one go on */
        post: operations["startSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/sync/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run */
        get: operations["getSync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/sync/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a run after the page it is at */
        post: operations["pauseSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/sync/{id}/repairs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a run repaired, and why nobody had told */
        get: operations["listSyncRepairs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/sync/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let a paused run go on where it stopped */
        post: operations["resumeSync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How this installation is connected to WeCom, without secrets */
        get: operations["get-wecom-settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change our public address, tested first */
        put: operations["set-wecom-address"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the app's id or secret, tested first */
        put: operations["set-wecom-app"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/brand": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the name that customers read */
        put: operations["set-wecom-brand"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The callback's token and key, to be copied into WeCom's console */
        get: operations["get-callback-keys"];
        put?: never;
        /** Make the next token and key; both pairs count until WeCom uses the next */
        post: operations["rotate-callback-keys"];
        /** Give the next token and key up */
        delete: operations["keep-callback-keys"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** A proof file for the root of our address */
        put: operations["set-wecom-file"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/system/wecom/secrets/{which}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change the secret of the contacts sync or the chat archive, tested first */
        put: operations["set-wecom-secret"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The corp's tags */
        get: operations["listTags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List staff tasks */
        get: operations["task-list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{id}/remind": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Remind the owner of an open task */
        post: operations["task-remind"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/today": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The brand's day: numbers, lines of 14 days, and what needs somebody */
        get: operations["getToday"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/touches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List decisions of the touch ledger */
        get: operations["touch-list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/touches/summary": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count a day's decisions by reason */
        get: operations["touch-summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List users */
        get: operations["list-users"];
        put?: never;
        /** Add a user and make their first sign-in link */
        post: operations["create-user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Change a user */
        patch: operations["update-user"];
        trace?: never;
    };
    "/api/users/{id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a one-time sign-in link */
        post: operations["create-link"];
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
        AddressInputBody: {
            /** @description empty keeps the present one, or makes one */
            callback_token?: string;
            encoding_aes_key?: string;
            public_url: string;
            /** @description make a new token and key */
            renew?: boolean;
        };
        AnalyticsAlert: {
            /** Format: int64 */
            count: number;
            kind: string;
            link: string;
            severity: string;
            title: string;
        };
        AnalyticsDictionaryOut: {
            items: components["schemas"]["MetricDefinition"][];
        };
        AnalyticsOfficialOut: {
            date: string;
            series: components["schemas"]["AnalyticsSeriesOut"][];
            tiles: components["schemas"]["MetricValue"][];
        };
        AnalyticsOrdersSummary: {
            date: string;
            tiles: components["schemas"]["MetricValue"][];
        };
        AnalyticsPoint: {
            date: string;
            /** Format: double */
            value: number | null;
        };
        AnalyticsSeriesOut: {
            metric: string;
            points: components["schemas"]["AnalyticsPoint"][];
        };
        AnalyticsTodayOut: {
            alerts: components["schemas"]["AnalyticsAlert"][];
            date: string;
            series: components["schemas"]["AnalyticsSeriesOut"][];
            tiles: components["schemas"]["MetricValue"][];
        };
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
        AppInputBody: {
            /** Format: int64 */
            agent_id: number;
            /** @description empty keeps the present one */
            secret?: string;
        };
        ArchiveChat: {
            /** Format: date-time */
            first_at: string | null;
            /** Format: int64 */
            group_id: number | null;
            /** Format: int64 */
            id: number;
            /** Format: date-time */
            last_at: string | null;
            member: components["schemas"]["ArchivePerson"];
            /** Format: int64 */
            messages: number;
            /** @description of a group we know */
            name: string;
            peer: components["schemas"]["ArchivePerson"];
            /** @enum {string} */
            place: "single" | "internal" | "room";
            room_id: string;
        };
        ArchiveConsent: {
            /**
             * Format: date-time
             * @description when WeCom was last asked
             */
            checked_at: string | null;
            customer: components["schemas"]["ArchivePerson"];
            group: string;
            /** Format: int64 */
            group_id: number | null;
            /** @enum {string} */
            place: "single" | "internal" | "room";
            /** Format: date-time */
            since: string | null;
            /** @enum {string} */
            source: "callback" | "message" | "check";
            /** @description in a single chat */
            staff: components["schemas"]["ArchivePerson"];
            /** @enum {string} */
            state: "agree" | "disagree" | "unknown";
        };
        ArchiveConsentsOut: {
            items: components["schemas"]["ArchiveConsent"][];
            next: string;
            /** @description of everything that the other filters leave */
            totals: {
                [key: string]: number;
            };
        };
        ArchiveCoverageOut: {
            /**
             * Format: date-time
             * @description when WeCom last said who has a seat; null = not known
             */
            asked_at: string | null;
            seated: components["schemas"]["ArchiveSeat"][];
            /** @description may have customers, but their chats are not archived */
            unseated: components["schemas"]["ArchiveSeat"][];
        };
        ArchiveFile: {
            /** Format: int64 */
            n: number;
            name: string;
            /**
             * Format: int64
             * @description bytes; 0 = not known
             */
            size: number;
            /** @enum {string} */
            state: "listed" | "wanted" | "stored" | "expired" | "too_large" | "failed";
        };
        ArchiveGap: {
            /** Format: int64 */
            at_most: number | null;
            /** Format: date-time */
            found_at: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
        };
        ArchiveHit: {
            /** Format: date-time */
            at: string;
            chat: components["schemas"]["ArchiveChat"];
            /** Format: int64 */
            id: number;
            kind: string;
            /** @description a piece of the text; what was searched for is marked */
            parts: components["schemas"]["GramPart"][];
            /** Format: date-time */
            recalled_at: string | null;
            sender: components["schemas"]["ArchivePerson"];
        };
        ArchiveMessage: {
            /** Format: date-time */
            at: string;
            body: string;
            files: components["schemas"]["ArchiveFile"][];
            /** Format: int64 */
            id: number;
            kind: string;
            link?: string;
            /** @description it holds more than its text and files */
            more: boolean;
            /** Format: date-time */
            recalled_at: string | null;
            sender: components["schemas"]["ArchivePerson"];
        };
        ArchiveMessageOut: {
            body: string;
            kind: string;
            /** @description WeCom's id of the message */
            msg_id: string;
            /** @description what it holds besides, as WeCom gave it; null for a plain text */
            rest: unknown;
        };
        ArchiveMessagesOut: {
            /** @description there are newer ones */
            after: boolean;
            /** @description there are older ones */
            before: boolean;
            chat: components["schemas"]["ArchiveChat"];
            /**
             * @description of the customer, in a single chat; null = never heard of
             * @enum {string|null}
             */
            consent: "agree" | "disagree" | "unknown" | null;
            /** Format: date-time */
            consent_since: string | null;
            /** @description oldest first */
            items: components["schemas"]["ArchiveMessage"][];
        };
        ArchiveMonth: {
            /** Format: int64 */
            bytes: number;
            /**
             * Format: int64
             * @description about; null = not counted yet
             */
            messages: number | null;
            /** @description 2026-05 */
            month: string;
        };
        ArchivePerson: {
            /** @description WeCom's id */
            account: string;
            /** Format: int64 */
            id: number | null;
            /** @enum {string} */
            kind: "staff" | "customer" | "robot";
            name: string;
        };
        ArchiveProblem: {
            code: string;
            message: string;
        };
        ArchiveSearchOut: {
            /** @description there are more than that */
            capped: boolean;
            items: components["schemas"]["ArchiveHit"][];
            next: string;
            /** Format: int64 */
            took_ms: number;
            /**
             * Format: int64
             * @description on the first page; at most 1,000
             */
            total: number | null;
        };
        ArchiveSeat: {
            /** @description still with the company */
            active: boolean;
            name: string;
            /**
             * Format: date-time
             * @description when we first saw the seat
             */
            since: string | null;
            /** Format: int64 */
            staff_id: number;
            userid: string;
        };
        ArchiveSettings: {
            /** @description fetch every file by itself, within the five days that WeCom keeps it */
            fetch_media: boolean;
            /**
             * Format: int64
             * @description larger files are not kept
             */
            media_max_mb: number;
            /** Format: int64 */
            retention_months: number;
        };
        ArchiveStateOut: {
            /** @description of the adapter */
            address: string;
            ask_problem: components["schemas"]["ArchiveProblem"];
            /** @description the archive's secret is known, so WeCom can be asked about seats and consents */
            can_ask: boolean;
            /** Format: date-time */
            caught_up_at: string | null;
            /** Format: date-time */
            checked_at: string | null;
            /** Format: int64 */
            duplicates: number;
            /** @description there is an adapter to read from */
            enabled: boolean;
            /** Format: date-time */
            failed_at: string | null;
            /**
             * Format: int64
             * @description in a row
             */
            failures: number;
            /** Format: int64 */
            files_wanted: number;
            gaps: components["schemas"]["ArchiveGap"][];
            /**
             * Format: date-time
             * @description time of the last message read
             */
            last_at: string | null;
            /**
             * Format: int64
             * @description kept since the beginning
             */
            messages: number;
            months: components["schemas"]["ArchiveMonth"][];
            /** Format: int64 */
            position: number;
            problem: components["schemas"]["ArchiveProblem"];
            /** Format: date-time */
            pulled_at: string | null;
            /** Format: date-time */
            seats_at: string | null;
            settings: components["schemas"]["ArchiveSettings"];
            /**
             * Format: int64
             * @description of kinds that this version does not know; kept as they came
             */
            strange: number;
            /** Format: int64 */
            switches: number;
        };
        AuditEntry: {
            action: string;
            actor: string;
            /** Format: date-time */
            at: string;
            detail: unknown;
            /** Format: int64 */
            id: number;
            object: string;
            /** Format: int64 */
            user_id: number;
        };
        AuthCorpView: {
            accelerated: boolean;
            name: string;
            /** Format: date-time */
            now: string;
            timezone: string;
        };
        AuthCreateLinkOutput: {
            /** @description shown this once */
            link: string;
        };
        AuthCreateUserOutput: {
            /** Format: int64 */
            id: number;
            /** @description the one-time sign-in link, shown this once */
            link: string;
        };
        AuthLinkOutput: {
            must_set_password: boolean;
            user: components["schemas"]["AuthMeUser"];
        };
        AuthLoginOutput: {
            user: components["schemas"]["AuthMeUser"];
        };
        AuthMeOutput: {
            corp: components["schemas"]["AuthCorpView"];
            must_set_password: boolean;
            user: components["schemas"]["AuthMeUser"];
        };
        AuthMeUser: {
            email: string;
            /** Format: int64 */
            id: number;
            name: string;
            permissions: string[];
            /** @enum {string} */
            role: "owner" | "operator" | "store_manager" | "staff" | "analyst";
        };
        AuthStoreRef: {
            /** Format: int64 */
            id: number;
            name: string;
        };
        AuthUserView: {
            department_ids: number[];
            disabled: boolean;
            email: string;
            /** Format: int64 */
            id: number;
            /** Format: date-time */
            last_seen_at: string | null;
            name: string;
            /** @enum {string} */
            role: "owner" | "operator" | "store_manager" | "staff" | "analyst";
            stores: components["schemas"]["AuthStoreRef"][];
        };
        BrandInputBody: {
            brand: string;
            email: string;
            owner_name: string;
            /** @description empty keeps the one that was given before */
            password?: string;
        };
        CheckInputBody: {
            /** @description which checks; empty = all */
            ids?: string[];
        };
        ClockInBody: {
            playing?: boolean;
            /**
             * Format: double
             * @description simulated seconds per second, at most
             */
            speed?: number;
        };
        ConnectInBody: {
            /** @description http:// or https://; empty disconnects */
            address: string;
            /** @description that the adapter wants to see; empty = as it is */
            key?: string;
        };
        CorpAsked: {
            /** @description WeCom's path */
            api: string;
            /**
             * Format: int64
             * @description WeCom's errcode; 0 = ok, below -1000 = no answer
             */
            code: number;
            /**
             * Format: double
             * @description the longest took, in milliseconds
             */
            ms: number;
            /**
             * Format: int64
             * @description calls
             */
            n: number;
            text: string;
            /**
             * Format: int64
             * @description how many events were handled together, this one among them
             */
            with: number;
        };
        CorpCall: {
            /** Format: int64 */
            attempts: number;
            /** Format: int64 */
            cause_id: number;
            class: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            due_at: string;
            entity: string;
            error: string | null;
            error_code: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            lane: string;
            state: string;
        };
        CorpCallLimit: {
            api: string;
            /**
             * Format: int64
             * @description so many calls run at the same time at most, after WeCom refused for that
             */
            at_once: number | null;
            /**
             * Format: int64
             * @description this process's share
             */
            limit: number | null;
            /**
             * Format: int64
             * @description calls that WeCom refused for frequency since the process started
             */
            refused: number;
            /** @enum {string} */
            state: "ok" | "near" | "slowed" | "blocked";
            /**
             * Format: date-time
             * @description until when the API is not called after WeCom refused it
             */
            until: string | null;
            /** Format: int64 */
            used: number | null;
            /**
             * @description day and month are those of the calendar; none where only WeCom's refusals count
             * @enum {string}
             */
            window: "minute" | "hour" | "day" | "month" | "none";
        };
        CorpCallLimitsOut: {
            items: components["schemas"]["CorpCallLimit"][];
        };
        CorpCallback: {
            /** Format: int64 */
            attempts: number;
            /** Format: int64 */
            cause_id: number;
            /**
             * Format: date-time
             * @description the corp's time: when it happened, as WeCom says
             */
            corp_at: string;
            customer: components["schemas"]["CorpRef"];
            /** @description what changed in a group: add_member, del_member, change_owner, change_name, change_notice; empty otherwise */
            detail: string;
            /** @description false for kinds that WeCom's documents did not know */
            documented: boolean;
            entity: string;
            error: string | null;
            group: components["schemas"]["CorpRef"];
            /** Format: int64 */
            id: number;
            kind: string;
            /**
             * Format: date-time
             * @description when it is tried again
             */
            next_at: string | null;
            /**
             * Format: date-time
             * @description wall time
             */
            received_at: string;
            staff: components["schemas"]["CorpRef"];
            /** @enum {string} */
            state: "new" | "done" | "failed" | "ignored";
            /** Format: double */
            took_ms: number | null;
        };
        CorpCallbackStory: {
            /** Format: int64 */
            attempts: number;
            /** @description the decrypted XML */
            body: string;
            calls: components["schemas"]["CorpMade"][];
            /** Format: int64 */
            cause_id: number;
            /**
             * Format: date-time
             * @description the corp's time: when it happened, as WeCom says
             */
            corp_at: string;
            customer: components["schemas"]["CorpRef"];
            decisions: components["schemas"]["CorpDecision"][];
            /** @description what changed in a group: add_member, del_member, change_owner, change_name, change_notice; empty otherwise */
            detail: string;
            /** @description false for kinds that WeCom's documents did not know */
            documented: boolean;
            effects: components["schemas"]["CorpEffect"][];
            entity: string;
            error: string | null;
            follow_ups: components["schemas"]["CorpFollowUp"][];
            group: components["schemas"]["CorpRef"];
            /** Format: int64 */
            id: number;
            kind: string;
            /**
             * Format: date-time
             * @description when it is tried again
             */
            next_at: string | null;
            /** @description what was asked of WeCom when it was handled last */
            reads: components["schemas"]["CorpAsked"][];
            /**
             * Format: date-time
             * @description wall time
             */
            received_at: string;
            staff: components["schemas"]["CorpRef"];
            /** @enum {string} */
            state: "new" | "done" | "failed" | "ignored";
            /** Format: double */
            took_ms: number | null;
        };
        CorpCallbacksOut: {
            /** @description whom the text named; null without one */
            found: components["schemas"]["CorpFound"];
            items: components["schemas"]["CorpCallback"][];
            next: string;
        };
        CorpClockOut: {
            accelerated: boolean;
            /** Format: date-time */
            next_due_at: string | null;
            /** Format: date-time */
            now: string;
            playing: boolean;
            /** Format: double */
            speed: number;
        };
        CorpDecision: {
            /** Format: date-time */
            at: string;
            code: components["schemas"]["CorpRef"];
            customer: components["schemas"]["CorpRef"];
            group: components["schemas"]["CorpRef"];
            outcome: string;
            params: {
                [key: string]: unknown;
            };
            reason: string | null;
            staff: components["schemas"]["CorpRef"];
            /** @enum {string} */
            topic: "touch" | "welcome" | "attribution";
        };
        CorpEffect: {
            actor: string;
            /** Format: date-time */
            at: string;
            customer: components["schemas"]["CorpRef"];
            group: components["schemas"]["CorpRef"];
            /** Format: int64 */
            id: number;
            kind: string;
            params: {
                [key: string]: unknown;
            };
            place: string;
        };
        CorpFollowUp: {
            /** Format: date-time */
            due_at: string;
            /** Format: int64 */
            id: number;
            kind: string;
            staff: components["schemas"]["CorpRef"];
            state: string;
            title: string;
        };
        CorpFound: {
            /** Format: int64 */
            customers: number;
            /** Format: int64 */
            groups: number;
            /** Format: int64 */
            limit: number;
            /** Format: int64 */
            staff: number;
        };
        CorpHealth: {
            detail: string;
            name: string;
            state: string;
        };
        CorpHealthOut: {
            /** Format: int64 */
            callbacks_refused: number;
            items: components["schemas"]["CorpHealth"][];
            /** Format: int64 */
            orphaned_codes: number;
            queues: components["schemas"]["CorpQueue"][];
        };
        CorpInputBody: {
            /** Format: int64 */
            agent_id: number;
            /** @description where a sandbox signs staff in; empty = WeCom's own */
            authorize_url?: string;
            corp_id: string;
            /** @description empty keeps the one that was given before */
            secret?: string;
            /** @description of a sandbox or a proxy; empty = WeCom's own */
            wecom_base_url?: string;
        };
        CorpJobsOut: {
            items: components["schemas"]["JobInfo"][];
            ui: string;
        };
        CorpMade: {
            /** Format: int64 */
            attempts: number;
            /** Format: date-time */
            called_at: string | null;
            /** Format: int64 */
            cause_id: number;
            class: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            due_at: string;
            entity: string;
            error: string | null;
            error_code: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            lane: string;
            /** @description what WeCom's answer was taken as, JSON, cut after 2,000 characters */
            result: string | null;
            state: string;
        };
        CorpMeter: {
            /** Format: date-time */
            as_of: string | null;
            /** @description an error code: why it is not known */
            error: string;
            /** Format: int64 */
            limit: number | null;
            /** @enum {string} */
            name: "ways" | "tags" | "templates" | "intercept" | "intercept_words" | "friends" | "mass_customers" | "mass_groups" | "acquisition" | "moments";
            parts: components["schemas"]["CorpMeterPart"][];
            /** @description the error's sentence */
            reason: string;
            /** @enum {string} */
            source: "wecom" | "ours";
            /** @enum {string} */
            state: "ok" | "near" | "full" | "unknown";
            /** Format: int64 */
            used: number | null;
        };
        CorpMeterPart: {
            /** Format: int64 */
            count: number;
            label?: string;
            name: string;
            /** Format: int64 */
            staff_id?: number;
        };
        CorpMetersOut: {
            items: components["schemas"]["CorpMeter"][];
            settings: components["schemas"]["SyncSettings"];
        };
        CorpQueue: {
            /** Format: int64 */
            done_1h: number;
            lane: string;
            /** Format: double */
            oldest_ms: number | null;
            /** Format: int64 */
            waiting: number;
        };
        CorpRef: {
            /** Format: int64 */
            id: number;
            name: string;
        };
        CorpReplayedOut: {
            /** Format: int64 */
            replayed: number;
        };
        CreateCodeInBody: {
            /** @enum {string} */
            channel: "store_poster" | "table_card" | "receipt" | "package" | "moments" | "article" | "other";
            group_ids?: number[];
            /** @enum {string} */
            kind: "staff" | "group" | "locator";
            name: string;
            offer_group?: boolean;
            staff_ids?: number[];
            /** Format: int64 */
            store_id?: number;
            tag_ids?: string[];
            welcome_parts?: components["schemas"]["MediaPart"][];
            welcome_text?: string;
        };
        CreateUserInputBody: {
            department_ids?: number[];
            email: string;
            name: string;
            role: string;
            store_ids?: number[];
        };
        CustomerArchiveConsent: {
            /** @enum {string} */
            place: "single" | "internal" | "room";
            /** Format: date-time */
            since: string | null;
            /** @enum {string} */
            state: "agree" | "disagree" | "unknown";
            with: string;
        };
        CustomerArchivePart: {
            consents: components["schemas"]["CustomerArchiveConsent"][];
        };
        CustomerAttributedPart: {
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            code_id: number;
            name: string;
            order_no: string;
        };
        CustomerCodeRef: {
            /** Format: int64 */
            code_id: number;
            name: string;
        };
        CustomerDetail: {
            /** @description null while the chat archive is not used */
            archive: components["schemas"]["CustomerArchivePart"];
            /** Format: int64 */
            gender: number;
            groups: components["schemas"]["CustomerGroupPart"][];
            /** Format: int64 */
            id: number;
            identities: components["schemas"]["CustomerIdentityRef"][];
            name: string;
            opt_out_reason: string;
            /** Format: date-time */
            opted_out_at: string | null;
            orders: components["schemas"]["CustomerOrdersOut"];
            relations: components["schemas"]["CustomerRelationOut"][];
            sop: components["schemas"]["CustomerSOPPart"][];
            touch: components["schemas"]["CustomerTouchPart"];
        };
        CustomerGroupPart: {
            code_name: string | null;
            /** Format: int64 */
            group_id: number;
            /** Format: int64 */
            join_scene: number;
            /** Format: date-time */
            joined_at: string;
            /** Format: date-time */
            left_at: string | null;
            name: string;
        };
        CustomerIdentityRef: {
            kind: string;
            value: string;
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
        CustomerOrdersOut: {
            attributed: components["schemas"]["CustomerAttributedPart"];
            /** Format: int64 */
            count: number;
            /** Format: date-time */
            first_at: string | null;
            /** Format: date-time */
            last_at: string | null;
            /** Format: int64 */
            net_fen: number;
        };
        CustomerRelationOut: {
            /** Format: int64 */
            add_way: number;
            /** Format: date-time */
            added_at: string;
            channel: components["schemas"]["CustomerCodeRef"];
            /** Format: date-time */
            ended_at: string | null;
            remark: string;
            /** Format: int64 */
            staff_id: number;
            staff_name: string;
            state: string;
            /** Format: int64 */
            store_id: number;
            store_name: string;
            tags: components["schemas"]["CustomerTagRef"][];
        };
        CustomerSOPPart: {
            /** Format: int64 */
            day: number;
            /** Format: date-time */
            next_at: string | null;
            next_step: string | null;
            plan_name: string;
            /** Format: int64 */
            run_id: number;
            state: string;
            /** Format: int64 */
            version: number;
        };
        CustomerTagGroupOut: {
            group_id: string;
            group_name: string;
            tags: components["schemas"]["CustomerTagUseOut"][];
        };
        CustomerTagRef: {
            id: string;
            name: string;
        };
        CustomerTagUseOut: {
            id: string;
            name: string;
            /** Format: int64 */
            used: number;
        };
        CustomerTimelineItem: {
            actor: string;
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            cause_id: number;
            /** Format: int64 */
            id: number;
            kind: string;
            params: {
                [key: string]: unknown;
            };
            place: string;
        };
        CustomerTouchPart: {
            /** Format: int64 */
            month_cap: number;
            /** Format: int64 */
            month_used: number;
            opted_out: boolean;
            /** Format: date-time */
            quiet_until: string | null;
            /** Format: int64 */
            week_promo: number;
        };
        DirectoryDepartmentItem: {
            /** Format: int64 */
            id: number;
            name: string;
            /** Format: int64 */
            parent_id: number;
            /** Format: int64 */
            staff: number;
            /** Format: int64 */
            stores: number;
        };
        DirectoryDepartmentList: {
            items: components["schemas"]["DirectoryDepartmentItem"][];
        };
        DirectoryIdReply: {
            /** Format: int64 */
            id: number;
        };
        DirectoryStaffItem: {
            active: boolean;
            /** @description holds a customer-contact seat */
            can_contact: boolean;
            /** Format: int64 */
            customers: number | null;
            /** Format: int64 */
            id: number;
            is_leader: boolean;
            name: string;
            /** Format: int64 */
            store_id: number;
            store_name: string;
            userid: string;
        };
        DirectoryStoreBody: {
            address?: string;
            city?: string;
            /** @description 22:00; 26:00 is two o'clock of the next day */
            close_time?: string;
            /**
             * @description of lat and lng; gcj02 when missing
             * @enum {string}
             */
            coord_system?: "wgs84" | "gcj02" | "bd09";
            /**
             * Format: int64
             * @description 0 gives the choice back to the names
             */
            department_id?: number;
            district?: string;
            /** Format: double */
            lat?: number;
            /** Format: double */
            lng?: number;
            name?: string;
            number?: string;
            /** @description 07:30 */
            open_time?: string;
            province?: string;
            /** @enum {string} */
            status?: "open" | "closed";
        };
        DirectoryStoreItem: {
            address: string;
            city: string;
            /** @description past 24:00 when on the next day */
            close_time: string;
            /** Format: int64 */
            code_id: number | null;
            /** Format: int64 */
            department_id: number;
            department_name: string;
            district: string;
            /** Format: int64 */
            group_count: number | null;
            /** Format: int64 */
            id: number;
            /**
             * Format: double
             * @description GCJ-02
             */
            lat: number;
            /**
             * Format: double
             * @description GCJ-02
             */
            lng: number;
            name: string;
            number: string;
            open_time: string;
            province: string;
            /** Format: int64 */
            staff_count: number;
            status: string;
        };
        DirectoryStorePage: {
            items: components["schemas"]["DirectoryStoreItem"][];
            next: string;
            /** Format: int64 */
            total: number;
        };
        DoctorChange: {
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            before: "ok" | "warn" | "fail" | "unknown" | "skipped";
            check: string;
            found: string;
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            state: "ok" | "warn" | "fail" | "unknown" | "skipped";
            title: string;
        };
        DoctorReport: {
            /** @description newest first */
            changes: components["schemas"]["DoctorChange"][];
            /**
             * Format: date-time
             * @description of the newest finding; null before the first examination
             */
            checked_at: string | null;
            items: components["schemas"]["DoctorView"][];
            /**
             * @description the worst of all
             * @enum {string}
             */
            state: "ok" | "warn" | "fail" | "unknown" | "skipped";
        };
        DoctorView: {
            /** @enum {string} */
            area: "wecom" | "callback" | "server";
            /** Format: date-time */
            checked_at?: string;
            /** @description where the manual says more */
            doc: string;
            facts: {
                [key: string]: unknown;
            };
            /** @description what to do next; empty when there is nothing to do */
            fix: string;
            /** @description what was found, with figures */
            found: string;
            /** @description it failed when the initial setup was finished, and never passed since */
            from_setup?: boolean;
            id: string;
            /** @description the finding's name, for programs */
            says: string;
            /**
             * Format: date-time
             * @description when the check first ended in this state
             */
            since?: string;
            /** @enum {string} */
            state: "ok" | "warn" | "fail" | "unknown" | "skipped";
            title: string;
            /** Format: int64 */
            took_ms: number;
        };
        EnterInputBody: {
            token: string;
        };
        FileInputBody: {
            /** @description empty removes the file */
            text: string;
        };
        FinishInputBody: {
            /** @description checks that may fail: whoever finishes has seen that they do */
            accept?: string[];
        };
        GramPart: {
            hit?: boolean;
            text: string;
        };
        GroupChangeOut: {
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            id: number;
            kind: string;
            name: string;
            params: {
                [key: string]: unknown;
            };
        };
        GroupDetail: {
            /** Format: int64 */
            capacity: number;
            chat_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: int64 */
            customers: number;
            exit_24h: components["schemas"]["MetricValue"];
            /** Format: int64 */
            exits_7d: number;
            friends_share: components["schemas"]["MetricValue"];
            health: components["schemas"]["GroupHealth"];
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            join_code: number | null;
            /** Format: int64 */
            joins_7d: number;
            /** Format: int64 */
            members: number;
            name: string;
            notice: string;
            owner_name: string;
            retention_d7: components["schemas"]["MetricValue"];
            sop: components["schemas"]["CustomerSOPPart"][];
            status: string;
            /** Format: int64 */
            store_id: number;
            store_name: string;
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
        GroupMemberOut: {
            code_name: string | null;
            /** Format: int64 */
            customer_id: number | null;
            invitor: string;
            is_admin: boolean;
            is_owner: boolean;
            /** Format: int64 */
            join_scene: number;
            /** Format: date-time */
            joined_at: string;
            /** Format: date-time */
            left_at: string | null;
            member_id: string;
            name: string;
            /** Format: int64 */
            quit_scene: number;
            /** Format: int64 */
            stay: number;
            type: string;
        };
        GroupReason: {
            code: string;
            /** Format: double */
            value: number;
        };
        InboxDoor: {
            /** Format: int64 */
            answers: number;
            /** Format: int64 */
            days: number;
            /** Format: int64 */
            duplicates: number;
            /** Format: int64 */
            failed: number;
            /** Format: double */
            p50_ms: number | null;
            /** Format: double */
            p99_ms: number | null;
            refusals: components["schemas"]["InboxRefusal"][];
            /** Format: int64 */
            refused: number;
            /** Format: int64 */
            stored: number;
            /** Format: int64 */
            verified: number;
            /** Format: int64 */
            waiting: number;
        };
        InboxRefusal: {
            from: string;
            /** Format: date-time */
            last_at: string;
            /** Format: int64 */
            n: number;
            reason: string;
            text: string;
            /** Format: int64 */
            today: number;
        };
        IntakeErrorItem: {
            code: string;
            column: string;
            message: string;
            /** Format: int64 */
            row: number;
            value: string;
            warning: boolean;
        };
        IntakeIdReply: {
            /** Format: int64 */
            id: number;
        };
        IntakeImportDetail: {
            by: string;
            /** Format: int64 */
            created: number;
            /** @description why the import failed */
            error: string | null;
            /** Format: int64 */
            errors: number;
            file_name: string;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            legal_basis: string;
            mapping: components["schemas"]["IntakeMappingItem"][];
            /**
             * Format: double
             * @description 0 to 1
             */
            progress: number;
            /** Format: int64 */
            rows: number;
            /** Format: int64 */
            skipped: number;
            source: string;
            /** Format: date-time */
            started_at: string;
            state: string;
            /** Format: int64 */
            unchanged: number;
            unmapped: string[];
            /** Format: int64 */
            updated: number;
            /** Format: int64 */
            warnings: number;
        };
        IntakeImportItem: {
            by: string;
            /** Format: int64 */
            created: number;
            /** @description why the import failed */
            error: string | null;
            /** Format: int64 */
            errors: number;
            file_name: string;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            /**
             * Format: double
             * @description 0 to 1
             */
            progress: number;
            /** Format: int64 */
            rows: number;
            /** Format: int64 */
            skipped: number;
            /** Format: date-time */
            started_at: string;
            state: string;
            /** Format: int64 */
            unchanged: number;
            /** Format: int64 */
            updated: number;
            /** Format: int64 */
            warnings: number;
        };
        IntakeMappingItem: {
            header: string;
            key: string;
        };
        JobInfo: {
            /** Format: int64 */
            attempt: number;
            error: string | null;
            /** Format: date-time */
            finished_at: string | null;
            /** Format: int64 */
            id: number;
            kind: string;
            /** Format: date-time */
            queued_at: string;
            state: string;
        };
        KeysInputBody: {
            encoding_aes_key?: string;
            /** @description empty makes one */
            token?: string;
        };
        LinkInputBody: {
            token: string;
        };
        LivecodeCodeAttachment: {
            title: string;
            type: string;
            url: string;
        };
        LivecodeCodeDetail: {
            /** Format: int64 */
            adds: number;
            channel: string;
            /** Format: date-time */
            created_at: string;
            daily: components["schemas"]["LivecodeDailyCounts"][];
            /** Format: int64 */
            first_orders: number;
            follow_store: boolean;
            funnel: components["schemas"]["LivecodeFunnelStep"][];
            groups: components["schemas"]["LivecodeCodeGroup"][];
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            joins: number;
            kind: string;
            name: string;
            next_group_ready: boolean;
            offer_group: boolean;
            qr_svg_url: string;
            /** Format: int64 */
            scans: number;
            staff: components["schemas"]["LivecodeCodeStaff"][];
            state: string;
            status: string;
            status_reason: string | null;
            /** Format: int64 */
            store_id: number | null;
            store_name: string | null;
            tags: components["schemas"]["LivecodeCodeTag"][];
            token: string;
            url: string;
            welcome: components["schemas"]["LivecodeCodeWelcome"];
            welcome_parts: components["schemas"]["MediaPart"][];
            welcome_text: string;
        };
        LivecodeCodeGroup: {
            /** Format: int64 */
            capacity: number;
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            members: number;
            name: string;
        };
        LivecodeCodeItem: {
            /** Format: int64 */
            adds: number;
            channel: string;
            /** Format: date-time */
            created_at: string;
            /** Format: int64 */
            first_orders: number;
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            joins: number;
            kind: string;
            name: string;
            qr_svg_url: string;
            /** Format: int64 */
            scans: number;
            state: string;
            status: string;
            status_reason: string | null;
            /** Format: int64 */
            store_id: number | null;
            store_name: string | null;
            token: string;
            url: string;
        };
        LivecodeCodeMade: {
            /** Format: int64 */
            id: number;
        };
        LivecodeCodeStaff: {
            /** Format: int64 */
            id: number;
            name: string;
        };
        LivecodeCodeTag: {
            id: string;
            name: string;
        };
        LivecodeCodeWelcome: {
            attachments: components["schemas"]["LivecodeCodeAttachment"][];
            text: string;
        };
        LivecodeDailyCounts: {
            /** Format: int64 */
            adds: number;
            date: string;
            /** Format: int64 */
            first_orders: number;
            /** Format: int64 */
            joins: number;
            /** Format: int64 */
            scans: number;
        };
        LivecodeFunnelStep: {
            /** Format: int64 */
            people: number;
            /** Format: double */
            rate: number | null;
            step: string;
        };
        LoginInputBody: {
            email: string;
            password: string;
        };
        MediaFileItem: {
            /** Format: date-time */
            created_at: string;
            /** Format: int32 */
            height: number;
            /** Format: int64 */
            id: number;
            kind: string;
            mime: string;
            name: string;
            /** Format: int64 */
            size: number;
            url: string;
            /** Format: int32 */
            width: number;
        };
        MediaPart: {
            app_id?: string;
            desc?: string;
            /** Format: int64 */
            file_id?: number;
            page?: string;
            pic_url?: string;
            title?: string;
            /** @enum {string} */
            type: "image" | "video" | "file" | "link" | "miniprogram";
            url?: string;
        };
        MetricDefinition: {
            formula: string;
            id: string;
            key: string;
            name_en: string;
            name_zh: string;
            pitfall: string;
            source: string;
            unit: string;
            /** Format: int64 */
            version: number;
            window: string;
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
        NameInputBody: {
            brand: string;
        };
        OptOutInBody: {
            reason: string;
        };
        OrderCodeRef: {
            /** Format: int64 */
            code_id: number;
            name: string;
        };
        OrderOrderItem: {
            attributed_to: components["schemas"]["OrderCodeRef"];
            /** Format: int64 */
            customer_id: number | null;
            customer_name: string | null;
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            lines: number;
            member_no: string | null;
            /** Format: int64 */
            net_fen: number;
            order_no: string;
            /** Format: date-time */
            placed_at: string;
            state: string;
            store_name: string | null;
        };
        PageArchiveChat: {
            items: components["schemas"]["ArchiveChat"][];
            next: string;
        };
        PageAuditEntry: {
            items: components["schemas"]["AuditEntry"][];
            next: string;
        };
        PageAuthUserView: {
            items: components["schemas"]["AuthUserView"][];
            next: string;
        };
        PageCorpCall: {
            items: components["schemas"]["CorpCall"][];
            next: string;
        };
        PageCustomerListItem: {
            items: components["schemas"]["CustomerListItem"][];
            next: string;
        };
        PageCustomerTimelineItem: {
            items: components["schemas"]["CustomerTimelineItem"][];
            next: string;
        };
        PageDirectoryStaffItem: {
            items: components["schemas"]["DirectoryStaffItem"][];
            next: string;
        };
        PageGroupChangeOut: {
            items: components["schemas"]["GroupChangeOut"][];
            next: string;
        };
        PageGroupListItem: {
            items: components["schemas"]["GroupListItem"][];
            next: string;
        };
        PageGroupMemberOut: {
            items: components["schemas"]["GroupMemberOut"][];
            next: string;
        };
        PageIntakeErrorItem: {
            items: components["schemas"]["IntakeErrorItem"][];
            next: string;
        };
        PageIntakeImportItem: {
            items: components["schemas"]["IntakeImportItem"][];
            next: string;
        };
        PageLivecodeCodeItem: {
            items: components["schemas"]["LivecodeCodeItem"][];
            next: string;
        };
        PageMediaFileItem: {
            items: components["schemas"]["MediaFileItem"][];
            next: string;
        };
        PageOrderOrderItem: {
            items: components["schemas"]["OrderOrderItem"][];
            next: string;
        };
        PageSopSummary: {
            items: components["schemas"]["SopSummary"][];
            next: string;
        };
        PageStatisticOwnerItem: {
            items: components["schemas"]["StatisticOwnerItem"][];
            next: string;
        };
        PageStatisticStaffItem: {
            items: components["schemas"]["StatisticStaffItem"][];
            next: string;
        };
        PageSyncRepairItem: {
            items: components["schemas"]["SyncRepairItem"][];
            next: string;
        };
        PageTaskItem: {
            items: components["schemas"]["TaskItem"][];
            next: string;
        };
        PageTouchItem: {
            items: components["schemas"]["TouchItem"][];
            next: string;
        };
        PasswordInputBody: {
            /** @description not needed in a session that a link opened */
            current?: string;
            new_password: string;
        };
        PublicInputBody: {
            /** @description save although the test fails */
            accept?: boolean;
            public_url: string;
        };
        PublishInputBody: {
            note: string;
            steps: components["schemas"]["SopStep"][];
        };
        "ReplyStruct { Items ListTagGroupOut \"json:\\\"items\\\"\" }Body": {
            items: components["schemas"]["CustomerTagGroupOut"][];
        };
        SecretInputBody: {
            /** @description empty removes it */
            secret: string;
        };
        SetupCallbackKeys: {
            encoding_aes_key: string;
            /** @description these are the next ones; the present ones still count, too */
            next: boolean;
            token: string;
        };
        SetupChangeOutput: {
            /** @description what the test found */
            items: components["schemas"]["DoctorView"][];
            saved: boolean;
        };
        SetupCheckOutput: {
            items: components["schemas"]["DoctorView"][];
            /**
             * @description the worst of all
             * @enum {string}
             */
            state: "ok" | "warn" | "fail" | "unknown" | "skipped";
        };
        SetupKnockView: {
            /** Format: date-time */
            at: string | null;
            /** @description why it was refused */
            message: string;
            /** @enum {string} */
            state: "none" | "ok" | "refused";
        };
        SetupSettingsView: {
            /** Format: int64 */
            agent_id: number;
            /** @description there is one */
            archive_secret: boolean;
            brand: string;
            callback_url: string;
            /** @description there is one */
            contacts_secret: boolean;
            corp_id: string;
            files: components["schemas"]["TenantFile"][];
            public_url: string;
            /** @description a next token and key wait for WeCom to use them */
            rotating: boolean;
            /** @description empty = WeCom's own */
            wecom_base_url: string;
        };
        SetupView: {
            /** Format: int64 */
            agent_id: number;
            /** @description as WeCom calls the app; empty until the secret was accepted */
            app_name: string;
            authorize_url: string;
            brand: string;
            callback_token: string;
            callback_url: string;
            corp_id: string;
            email: string;
            encoding_aes_key: string;
            /** @description this browser has used the link */
            entered: boolean;
            files: components["schemas"]["TenantFile"][];
            has_password: boolean;
            has_secret: boolean;
            knock: components["schemas"]["SetupKnockView"];
            /** @description the first step that is not done; empty when only the examination is left */
            missing: string;
            /** @description no corp is registered yet */
            open: boolean;
            owner_name: string;
            public_url: string;
            /** @description the configured address, or the one this browser used */
            suggested_url: string;
            wecom_base_url: string;
        };
        SopBoard: {
            items: components["schemas"]["SopBoardRow"][];
            /** @enum {string} */
            level: "hq" | "region" | "store" | "staff";
            totals: components["schemas"]["SopTotals"];
        };
        SopBoardRow: {
            /** Format: int64 */
            done_late: number;
            /** Format: int64 */
            done_ontime: number;
            /** Format: int64 */
            due: number;
            exec: components["schemas"]["MetricValue"];
            /** Format: int64 */
            id: number;
            /** Format: int64 */
            late: number;
            name: string;
            next_level: string | null;
            /** Format: int64 */
            pending: number;
            /** Format: int64 */
            refused: number;
            /** Format: int64 */
            skipped: number;
        };
        SopDetail: {
            code: string;
            exec: components["schemas"]["MetricValue"];
            header: components["schemas"]["SopHeader"];
            /** Format: int64 */
            id: number;
            name: string;
            ontime: components["schemas"]["MetricValue"];
            /** Format: int64 */
            runs_active: number;
            /** @enum {string} */
            state: "draft" | "active" | "paused";
            steps: components["schemas"]["SopStep"][];
            /** @enum {string} */
            subject: "customer" | "group";
            /** Format: int64 */
            version: number;
            versions: components["schemas"]["SopVersionView"][];
        };
        SopHeader: {
            caps: string;
            /** Format: int64 */
            length_days: number;
            quiet: string;
            stop_line: string;
        };
        SopPublishOutput: {
            /** Format: int64 */
            version: number;
        };
        SopReasonCount: {
            /** Format: int64 */
            count: number;
            reason: string;
            reason_text: string;
        };
        SopReportOutput: {
            items: components["schemas"]["SopStepReport"][];
        };
        SopStep: {
            /** @enum {string} */
            channel: "welcome" | "mass_single" | "mass_group" | "sidebar_single" | "sidebar_group" | "moments" | "none";
            /** Format: int64 */
            day: number;
            fallback: string;
            key: string;
            /** @enum {string} */
            late: "skip" | "send_until";
            /** Format: int64 */
            late_hours?: number;
            links?: components["schemas"]["TaskAttachment"][];
            /** @description pictures, files and cards of a mass send */
            parts?: components["schemas"]["MediaPart"][];
            promo: boolean;
            purpose: string;
            /** Format: int64 */
            quota_cost: number;
            text: string;
            time: string;
            title: string;
            weekdays?: number[];
            why: string;
            window: components["schemas"]["SopWindow"];
        };
        SopStepReport: {
            channel: string;
            /** Format: int64 */
            delivered: number | null;
            /** Format: int64 */
            done: number;
            /** Format: int64 */
            due: number;
            key: string;
            /** Format: int64 */
            late: number;
            /** Format: int64 */
            missed: number;
            /** Format: int64 */
            pending: number;
            refused: components["schemas"]["SopReasonCount"][];
            /** Format: int64 */
            skipped: number;
            title: string;
        };
        SopSummary: {
            code: string;
            exec: components["schemas"]["MetricValue"];
            /** Format: int64 */
            id: number;
            name: string;
            ontime: components["schemas"]["MetricValue"];
            /** Format: int64 */
            runs_active: number;
            /** @enum {string} */
            state: "draft" | "active" | "paused";
            /** @enum {string} */
            subject: "customer" | "group";
            /** Format: int64 */
            version: number;
        };
        SopTotals: {
            /** Format: int64 */
            done_late: number;
            /** Format: int64 */
            done_ontime: number;
            /** Format: int64 */
            due: number;
            exec: components["schemas"]["MetricValue"];
            /** Format: int64 */
            late: number;
            /** Format: int64 */
            pending: number;
            /** Format: int64 */
            refused: number;
            /** Format: int64 */
            skipped: number;
        };
        SopVersionView: {
            by: string;
            note: string;
            /** Format: date-time */
            published_at: string;
            /** Format: int64 */
            version: number;
        };
        SopWindow: {
            from: string;
            to: string;
        };
        StatisticCover: {
            day: string;
            /** Format: int64 */
            owner_absent: number;
            /** Format: int64 */
            owner_open: number;
            /** Format: int64 */
            owners: number;
            /** Format: int64 */
            staff: number;
            /** Format: int64 */
            staff_absent: number;
            /** Format: int64 */
            staff_open: number;
        };
        StatisticCoverOut: {
            /** @description the oldest archived day */
            first: string | null;
            /** @description one a day, oldest first */
            items: components["schemas"]["StatisticCover"][];
            last: string | null;
            /**
             * Format: int64
             * @description staff with a seat now, in the caller's scope
             */
            staff: number;
        };
        StatisticOwnerItem: {
            /** Format: int64 */
            active_groups: number | null;
            /** Format: int64 */
            active_members: number | null;
            day: string;
            final: boolean;
            given: boolean;
            /** Format: int64 */
            groups: number | null;
            /** Format: int64 */
            members: number | null;
            /** Format: int64 */
            messages: number | null;
            /** Format: int64 */
            new_groups: number | null;
            /** Format: int64 */
            new_members: number | null;
            /** Format: int64 */
            staff_id: number;
            staff_name: string;
            store_name: string;
        };
        StatisticRefusal: {
            code: string;
            owner: boolean;
            params: {
                [key: string]: unknown;
            };
            userid: string;
        };
        StatisticStaffItem: {
            /** Format: int64 */
            applies: number | null;
            /** Format: int64 */
            chats: number | null;
            /** Format: int64 */
            contacts: number | null;
            day: string;
            final: boolean;
            given: boolean;
            /** Format: int64 */
            messages: number | null;
            /** Format: int64 */
            negative: number | null;
            /** Format: int64 */
            reply_minutes: number | null;
            /** Format: double */
            reply_percent: number | null;
            /** Format: int64 */
            staff_id: number;
            staff_name: string;
            store_name: string;
        };
        SyncArchive: {
            /** Format: int64 */
            absent: number;
            error?: string;
            /** Format: int64 */
            owner_days: number;
            refusals?: components["schemas"]["StatisticRefusal"][];
            /** Format: int64 */
            refused?: number;
            /** Format: int64 */
            staff_days: number;
        };
        SyncDifference: {
            /** Format: int64 */
            extra: number;
            /** Format: int64 */
            missing: number;
            /** Format: int64 */
            open?: number;
            thing: string;
        };
        SyncIdOut: {
            /** Format: int64 */
            id: number;
        };
        SyncProblem: {
            code: string;
            message: string;
        };
        SyncProgressItem: {
            /**
             * Format: int64
             * @description to WeCom
             */
            calls: number;
            /**
             * Format: int64
             * @description calls of late; 0 = not known yet
             */
            per_minute: number;
            /**
             * Format: double
             * @description of the whole, estimated, 0 to 1
             */
            share: number;
            step: string;
            steps: components["schemas"]["SyncStep"][];
        };
        SyncRefusal: {
            message: string;
            /** @description of their groups, not of their chats */
            owner: boolean;
            userid: string;
        };
        SyncRepairItem: {
            /** Format: int64 */
            callback_id: number;
            chat_id: string;
            /** Format: int64 */
            code_id: number;
            /** Format: int64 */
            customer_id: number;
            customer_name: string;
            external_userid: string;
            /** Format: int64 */
            group_id: number;
            group_name: string;
            /** Format: date-time */
            happened_at: string | null;
            /** Format: int64 */
            id: number;
            /** @description tag or config id */
            object: string;
            object_name: string;
            reason: string;
            staff_name: string;
            thing: string;
            userid: string;
            what: string;
        };
        SyncResult: {
            amended: {
                [key: string]: number;
            };
            archive?: components["schemas"]["SyncArchive"];
            complete: boolean;
            differs?: components["schemas"]["SyncDifference"][];
            during: {
                [key: string]: number;
            };
            extra: {
                [key: string]: number;
            };
            held_after: {
                [key: string]: number;
            };
            held_before: {
                [key: string]: number;
            };
            /** Format: int64 */
            listed: number;
            missing: {
                [key: string]: number;
            };
            remote: {
                [key: string]: number;
            };
            rooms?: string;
            /** Format: int64 */
            strays: number;
            unlisted: {
                [key: string]: number;
            };
            /** Format: int64 */
            unread?: number;
            why?: {
                [key: string]: {
                    [key: string]: number;
                };
            };
        };
        SyncRunItem: {
            /** Format: date-time */
            finished_at: string | null;
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            kind: "full" | "check";
            /** @description what stopped it, or what it is waiting for */
            problem: components["schemas"]["SyncProblem"];
            progress: components["schemas"]["SyncProgressItem"];
            /** @description some of the statistics that WeCom refused for the sake of one member */
            refusals: components["schemas"]["SyncRefusal"][];
            result: components["schemas"]["SyncResult"];
            /** Format: date-time */
            started_at: string;
            /** @enum {string} */
            state: "running" | "paused" | "done" | "failed";
        };
        SyncRunsOut: {
            /**
             * Format: date-time
             * @description while WeCom's limits hold back an API that runs call
             */
            held_back_until: string | null;
            items: components["schemas"]["SyncRunItem"][];
            /**
             * Format: date-time
             * @description when the next run starts by itself, on the corp's clock
             */
            next: string | null;
            next_kind: string;
        };
        SyncSettings: {
            /** Format: int64 */
            friends_per_staff: number;
        };
        SyncStep: {
            /** Format: int64 */
            done: number;
            name: string;
            /** Format: int64 */
            of: number;
            state: string;
            /** Format: double */
            weight: number;
        };
        SyncStray: {
            config_id: string;
            /** Format: date-time */
            found_at: string;
            remark: string;
            state: string;
            users: string[];
        };
        SyncStraysOut: {
            items: components["schemas"]["SyncStray"][];
            next: string;
        };
        TaskAttachment: {
            /** Format: int64 */
            file_id?: number;
            title: string;
            type: string;
            url: string;
        };
        TaskItem: {
            /** Format: int64 */
            cause_id: number;
            /** Format: int64 */
            delivered: number | null;
            /** Format: date-time */
            done_at: string | null;
            /** Format: date-time */
            due_at: string;
            /** Format: int64 */
            id: number;
            kind: string;
            proof: string;
            reason: string;
            /** Format: int64 */
            recipients: number;
            staff_name: string;
            /** @enum {string} */
            state: "open" | "done" | "late" | "skipped";
            store_name: string | null;
            title: string;
            why: string;
            /** Format: date-time */
            window_end: string;
        };
        TenantFile: {
            name: string;
            text: string;
        };
        TouchCount: {
            /** Format: int64 */
            count: number;
            decision: string;
            reason: string;
            reason_text: string;
        };
        TouchItem: {
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            cause_id: number;
            channel: string;
            /** @enum {string} */
            decision: "allow" | "defer" | "refuse";
            /** Format: int64 */
            id: number;
            outcome: string;
            promo: boolean;
            purpose: string;
            reason: string;
            reason_text: string;
            source: string;
            staff_name: string | null;
            /** @enum {string} */
            subject: "customer" | "group";
            /** Format: int64 */
            subject_id: number;
            subject_name: string;
            /** Format: date-time */
            until: string | null;
        };
        TouchSummary: {
            items: components["schemas"]["TouchCount"][];
        };
        UpdateCodeInBody: {
            /** @enum {string} */
            channel?: "store_poster" | "table_card" | "receipt" | "package" | "moments" | "article" | "other";
            /** @description empty: the store's open groups */
            group_ids?: number[];
            name?: string;
            offer_group?: boolean;
            paused?: boolean;
            /** @description empty: the store's staff */
            staff_ids?: number[];
            tag_ids?: string[];
            welcome_parts?: components["schemas"]["MediaPart"][];
            welcome_text?: string;
        };
        UpdateUserInputBody: {
            department_ids?: number[];
            disabled?: boolean;
            email?: string;
            name?: string;
            role?: string;
            store_ids?: number[];
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
    connectArchive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectInBody"];
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
    askArchiveConsents: {
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
    listArchiveChats: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description service_quality, complaint, security or legal */
                purpose?: string;
                /** @description in one's own words; recorded */
                reason?: string;
                staff_id?: number;
                customer_id?: number;
                group_id?: number;
                chat_id?: number;
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
                    "application/json": components["schemas"]["PageArchiveChat"];
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
    readArchiveChat: {
        parameters: {
            query?: {
                /** @description service_quality, complaint, security or legal */
                purpose?: string;
                /** @description in one's own words; recorded */
                reason?: string;
                /** @description with message_id, the place to read from; without, the newest end */
                at?: string;
                message_id?: number;
                direction?: "around" | "before" | "after";
                limit?: number;
            };
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
                    "application/json": components["schemas"]["ArchiveMessagesOut"];
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
    getArchiveMessage: {
        parameters: {
            query: {
                /** @description service_quality, complaint, security or legal */
                purpose?: string;
                /** @description in one's own words; recorded */
                reason?: string;
                at: string;
            };
            header?: never;
            path: {
                id: number;
                message_id: number;
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
                    "application/json": components["schemas"]["ArchiveMessageOut"];
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
    listArchiveConsents: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                state?: "agree" | "disagree" | "unknown";
                staff_id?: number;
                customer_id?: number;
                group_id?: number;
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
                    "application/json": components["schemas"]["ArchiveConsentsOut"];
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
    getArchiveCoverage: {
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
                    "application/json": components["schemas"]["ArchiveCoverageOut"];
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
    pullArchive: {
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
    searchArchive: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description service_quality, complaint, security or legal */
                purpose?: string;
                /** @description in one's own words; recorded */
                reason?: string;
                staff_id?: number;
                customer_id?: number;
                group_id?: number;
                chat_id?: number;
                /** @description two characters at least */
                q?: string;
                /** @description kinds of message, as WeCom names them */
                kind?: string[];
                from?: string;
                /** @description not included */
                to?: string;
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
                    "application/json": components["schemas"]["ArchiveSearchOut"];
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
    saveArchiveSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArchiveSettings"];
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
    getArchiveState: {
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
                    "application/json": components["schemas"]["ArchiveStateOut"];
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
    listAudit: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
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
                    "application/json": components["schemas"]["PageAuditEntry"];
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
    "use-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthLinkOutput"];
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
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthLoginOutput"];
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
    logout: {
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
    "set-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordInputBody"];
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
    getClock: {
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
                    "application/json": components["schemas"]["CorpClockOut"];
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
    setClock: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClockInBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CorpClockOut"];
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
    nextDay: {
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
    listCodes: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                kind?: "staff" | "group" | "locator";
                status?: "creating" | "active" | "failed" | "paused";
                q?: string;
                store_id?: number;
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
                    "application/json": components["schemas"]["PageLivecodeCodeItem"];
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
    createCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateCodeInBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LivecodeCodeMade"];
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
    getCode: {
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
                    "application/json": components["schemas"]["LivecodeCodeDetail"];
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
    updateCode: {
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
                "application/json": components["schemas"]["UpdateCodeInBody"];
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
    listCustomers: {
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
    getCustomer: {
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
                    "application/json": components["schemas"]["CustomerDetail"];
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
    optOut: {
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
                "application/json": components["schemas"]["OptOutInBody"];
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
    optIn: {
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
    "list-customer-orders": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
            };
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
                    "application/json": components["schemas"]["PageOrderOrderItem"];
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
    getTimeline: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
            };
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
                    "application/json": components["schemas"]["PageCustomerTimelineItem"];
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
    "list-departments": {
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
                    "application/json": components["schemas"]["DirectoryDepartmentList"];
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
    listFiles: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                kind?: "image" | "video" | "file";
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
                    "application/json": components["schemas"]["PageMediaFileItem"];
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
    uploadFile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "multipart/form-data": {
                    /** Format: binary */
                    file: string;
                };
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MediaFileItem"];
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
    listGroups: {
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
    getGroup: {
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
                    "application/json": components["schemas"]["GroupDetail"];
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
    listGroupChanges: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
            };
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
                    "application/json": components["schemas"]["PageGroupChangeOut"];
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
    listMembers: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                state?: "in" | "left";
            };
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
                    "application/json": components["schemas"]["PageGroupMemberOut"];
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
    "list-imports": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
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
                    "application/json": components["schemas"]["PageIntakeImportItem"];
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
    "upload-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "multipart/form-data": {
                    /**
                     * @description of the stores' coordinates
                     * @enum {string}
                     */
                    coord_system?: "wgs84" | "gcj02" | "bd09" | "";
                    /** Format: binary */
                    file: string;
                    /** @enum {string} */
                    kind: "stores" | "orders" | "members";
                    /**
                     * @description required for members
                     * @enum {string}
                     */
                    legal_basis?: "consent" | "contract" | "";
                    /** @description where the list comes from; required for members */
                    source?: string;
                };
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntakeIdReply"];
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
    "get-import": {
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
                    "application/json": components["schemas"]["IntakeImportDetail"];
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
    "list-import-errors": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
            };
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
                    "application/json": components["schemas"]["PageIntakeErrorItem"];
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
    me: {
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
                    "application/json": components["schemas"]["AuthMeOutput"];
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
    getMetrics: {
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
                    "application/json": components["schemas"]["AnalyticsDictionaryOut"];
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
    "list-orders": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description the beginning of an order number, or a whole member number */
                q?: string;
                store_id?: number;
                attributed?: "yes" | "no" | "";
                state?: "paid" | "unpaid" | "refunded" | "partly_refunded" | "";
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
                    "application/json": components["schemas"]["PageOrderOrderItem"];
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
    getOrdersSummary: {
        parameters: {
            query?: {
                /** @description business day; empty = the corp's today */
                date?: string;
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
                    "application/json": components["schemas"]["AnalyticsOrdersSummary"];
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
    "get-setup": {
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
                    "application/json": components["schemas"]["SetupView"];
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
    "set-setup-address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupView"];
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
    "set-setup-brand": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BrandInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupView"];
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
    "check-setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CheckInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupCheckOutput"];
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
    "set-setup-corp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CorpInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupCheckOutput"];
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
    "enter-setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EnterInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupView"];
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
    "set-setup-file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FileInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupView"];
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
    "finish-setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FinishInputBody"];
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
    "sop-board": {
        parameters: {
            query?: {
                plan_id?: number;
                /** @description YYYY-MM-DD, a business day; today if missing */
                date?: string;
                level?: "hq" | "region" | "store" | "staff";
                parent_id?: number;
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
                    "application/json": components["schemas"]["SopBoard"];
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
    "sop-plan-list": {
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
                    "application/json": components["schemas"]["PageSopSummary"];
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
    "sop-plan-get": {
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
                    "application/json": components["schemas"]["SopDetail"];
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
    "sop-plan-pause": {
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
    "sop-plan-publish": {
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
                "application/json": components["schemas"]["PublishInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SopPublishOutput"];
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
    "sop-plan-resume": {
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
    "sop-steps-report": {
        parameters: {
            query?: {
                /** @description YYYY-MM-DD, a business day; all days if missing */
                date?: string;
            };
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
                    "application/json": components["schemas"]["SopReportOutput"];
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
    "list-staff": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description part of a name or userid, or the beginning of the name's pinyin */
                q?: string;
                store_id?: number;
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
                    "application/json": components["schemas"]["PageDirectoryStaffItem"];
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
    getStatisticCover: {
        parameters: {
            query?: {
                from?: string;
                to?: string;
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
                    "application/json": components["schemas"]["StatisticCoverOut"];
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
    listOwnerDays: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description first day, YYYY-MM-DD; empty = 30 days before the last */
                from?: string;
                /** @description last day; empty = yesterday */
                to?: string;
                store_id?: number;
                staff_id?: number;
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
                    "application/json": components["schemas"]["PageStatisticOwnerItem"];
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
    listStaffDays: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description first day, YYYY-MM-DD; empty = 30 days before the last */
                from?: string;
                /** @description last day; empty = yesterday */
                to?: string;
                store_id?: number;
                staff_id?: number;
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
                    "application/json": components["schemas"]["PageStatisticStaffItem"];
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
    getOfficialFigures: {
        parameters: {
            query?: {
                /** @description business day; empty = the newest that is archived */
                date?: string;
                days?: number;
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
                    "application/json": components["schemas"]["AnalyticsOfficialOut"];
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
    "list-stores": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description part of a number or name, or the beginning of its pinyin */
                q?: string;
                city?: string;
                /** @description the department and all below it */
                department_id?: number;
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
                    "application/json": components["schemas"]["DirectoryStorePage"];
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
    "create-store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DirectoryStoreBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectoryIdReply"];
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
    "update-store": {
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
                "application/json": components["schemas"]["DirectoryStoreBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectoryIdReply"];
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
    listCallLimits: {
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
                    "application/json": components["schemas"]["CorpCallLimitsOut"];
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
    listCallbacks: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description name or id of a customer, a group or a member of staff; any other id of WeCom's */
                q?: string;
                /** @description change_external_chat, change_external_chat/update, or undocumented */
                kind?: string;
                state?: "new" | "done" | "failed" | "ignored";
                /** @description YYYY-MM-DD: received on that day or later */
                from?: string;
                /** @description YYYY-MM-DD: received on that day or earlier */
                to?: string;
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
                    "application/json": components["schemas"]["CorpCallbacksOut"];
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
    replayFailedCallbacks: {
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
                    "application/json": components["schemas"]["CorpReplayedOut"];
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
    getCallback: {
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
                    "application/json": components["schemas"]["CorpCallbackStory"];
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
    replayCallback: {
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
    "get-doctor": {
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
                    "application/json": components["schemas"]["DoctorReport"];
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
    "run-doctor": {
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
                    "application/json": components["schemas"]["DoctorReport"];
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
    getDoor: {
        parameters: {
            query?: {
                days?: number;
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
                    "application/json": components["schemas"]["InboxDoor"];
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
    getHealth: {
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
                    "application/json": components["schemas"]["CorpHealthOut"];
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
    listJobs: {
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
                    "application/json": components["schemas"]["CorpJobsOut"];
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
    getMeters: {
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
                    "application/json": components["schemas"]["CorpMetersOut"];
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
    setMeterLimits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SyncSettings"];
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
    listCalls: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                state?: "planned" | "calling" | "done" | "unknown" | "failed";
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
                    "application/json": components["schemas"]["PageCorpCall"];
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
    listStrayWays: {
        parameters: {
            query?: {
                after?: string;
                limit?: number;
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
                    "application/json": components["schemas"]["SyncStraysOut"];
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
    listSyncs: {
        parameters: {
            query?: {
                kind?: "full" | "check";
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
                    "application/json": components["schemas"]["SyncRunsOut"];
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
    startSync: {
        parameters: {
            query?: {
                kind?: "full" | "check";
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
                    "application/json": components["schemas"]["SyncIdOut"];
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
    getSync: {
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
                    "application/json": components["schemas"]["SyncRunItem"];
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
    pauseSync: {
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
    listSyncRepairs: {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                thing?: "staff" | "tags" | "relations" | "groups" | "members" | "ways" | "join_ways";
                what?: "added" | "ended" | "amended";
                reason?: "lost" | "unheard" | "failed" | "waiting" | "handled" | "unhandled" | "before" | "range" | "silent" | "api" | "ours" | "unknown";
            };
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
                    "application/json": components["schemas"]["PageSyncRepairItem"];
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
    resumeSync: {
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
    "get-wecom-settings": {
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
                    "application/json": components["schemas"]["SetupSettingsView"];
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
    "set-wecom-address": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublicInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupChangeOutput"];
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
    "set-wecom-app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AppInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupChangeOutput"];
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
    "set-wecom-brand": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NameInputBody"];
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
    "get-callback-keys": {
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
                    "application/json": components["schemas"]["SetupCallbackKeys"];
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
    "rotate-callback-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["KeysInputBody"];
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
    "keep-callback-keys": {
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
    "set-wecom-file": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FileInputBody"];
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
    "set-wecom-secret": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                which: "contacts" | "archive";
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SecretInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SetupChangeOutput"];
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
    listTags: {
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
                    "application/json": components["schemas"]["ReplyStruct { Items ListTagGroupOut \"json:\\\"items\\\"\" }Body"];
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
    "task-list": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                state?: "open" | "done" | "late" | "skipped";
                staff_id?: number;
                store_id?: number;
                /** @description YYYY-MM-DD, a business day */
                date?: string;
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
                    "application/json": components["schemas"]["PageTaskItem"];
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
    "task-remind": {
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
    getToday: {
        parameters: {
            query?: {
                /** @description business day; empty = the corp's today */
                date?: string;
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
                    "application/json": components["schemas"]["AnalyticsTodayOut"];
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
    "touch-list": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                decision?: "allow" | "defer" | "refuse";
                reason?: string;
                subject?: "customer" | "group";
                /** @description YYYY-MM-DD, a business day */
                date?: string;
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
                    "application/json": components["schemas"]["PageTouchItem"];
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
    "touch-summary": {
        parameters: {
            query?: {
                /** @description YYYY-MM-DD, a business day; today if missing */
                date?: string;
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
                    "application/json": components["schemas"]["TouchSummary"];
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
    "list-users": {
        parameters: {
            query?: {
                /** @description opaque; from the last page's next */
                cursor?: string;
                limit?: number;
                /** @description part of a name or e-mail address */
                q?: string;
                /** @description one of the roles; empty = all */
                role?: string;
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
                    "application/json": components["schemas"]["PageAuthUserView"];
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
    "create-user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUserInputBody"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthCreateUserOutput"];
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
    "update-user": {
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
                "application/json": components["schemas"]["UpdateUserInputBody"];
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
    "create-link": {
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
                    "application/json": components["schemas"]["AuthCreateLinkOutput"];
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
