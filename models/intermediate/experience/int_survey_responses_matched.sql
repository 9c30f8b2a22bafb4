-- One row per survey response by the as-of date, with the customer it speaks for.

with

survey_responses as (

    select * from {{ ref('stg_support__survey_responses') }}

),

support_cases as (

    select * from {{ ref('stg_support__cases') }}

),

cases as (

    select * from {{ ref('int_cases_resolved') }}

),

accounts_resolved as (

    select * from {{ ref('int_accounts_resolved') }}

),

reporting_period as (

    select * from {{ ref('int_reporting_period') }}

),

survey_responses_matched as (

    select
        survey_responses.survey_response_id,
        coalesce(
            own_accounts.customer_id, case_accounts.customer_id, cases.customer_id
        ) as customer_id,
        survey_responses.touchpoint,
        survey_responses.emotion,
        survey_responses.csat,
        survey_responses.ces,
        survey_responses.nps,
        coalesce(survey_responses.is_finished, false) as is_finished,
        survey_responses.recorded_at,
        survey_responses.source_row_id
    from survey_responses
    cross join reporting_period
    left join accounts_resolved as own_accounts
        on survey_responses.account_id = own_accounts.account_id
    left join support_cases
        on survey_responses.support_case_id = support_cases.support_case_id
    left join accounts_resolved as case_accounts
        on support_cases.account_id = case_accounts.account_id
    left join cases
        on survey_responses.hub_case_id = cases.case_id
    where survey_responses.recorded_at < reporting_period.ends_before

)

select * from survey_responses_matched
