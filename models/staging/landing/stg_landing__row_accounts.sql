-- One row per extract: how many of its landed rows stand in staging, and what could not be parsed.

{% set staged_extracts = [
    ('crm', 'account', 'stg_crm__accounts'),
    ('crm', 'user', 'stg_crm__staff'),
    ('crm', 'product_vod__c', 'stg_crm__products'),
    ('crm', 'call2_vod__c', 'stg_crm__calls'),
    ('crm', 'call2_detail_vod__c', 'stg_crm__call_details'),
    ('crm', 'call2_key_message_vod__c', 'stg_crm__key_messages'),
    ('crm', 'sent_email_vod__c', 'stg_crm__sent_emails'),
    ('crm', 'multichannel_activity_vod__c', 'stg_crm__digital_activities'),
    ('crm', 'multichannel_consent_vod__c', 'stg_crm__consents'),
    ('crm', 'medical_inquiry_vod__c', 'stg_crm__inquiries'),
    ('crm', 'em_attendee_vod__c', 'stg_crm__event_attendees'),
    ('crm', 'access_barrier__c', 'stg_crm__barriers'),
    ('access', 'hub_enrollment', 'stg_access__enrollments'),
    ('access', 'hub_status_history', 'stg_access__case_statuses'),
    ('access', 'benefit_verification', 'stg_access__benefit_verifications'),
    ('access', 'prior_auth', 'stg_access__prior_auths'),
    ('access', 'sp_dispense', 'stg_access__dispenses'),
    ('access', 'nurse_contact', 'stg_access__nurse_contacts'),
    ('access', 'product_price', 'stg_access__prices'),
    ('access', 'copay_assist', 'stg_access__copay_claims'),
    ('support', 'case', 'stg_support__cases'),
    ('support', 'case_history', 'stg_support__case_changes'),
    ('support', 'survey_response', 'stg_support__survey_responses'),
] -%}

with

{% for system, extract, model_name in staged_extracts -%}
{{ system }}_{{ extract }}_landed as (

    select
        count(*) as rows_landed,
        coalesce(sum(case when {{ is_known() }} then 1 else 0 end), 0) as rows_known
    from {{ source(system, extract) }}

),

{{ system }}_{{ extract }}_staged as (

    select
        count(*) as rows_in_force,
        coalesce(sum(unparsed_values), 0) as unparsed_values
    from {{ ref(model_name) }}

),

{% endfor -%}
row_accounts as (

    {% for system, extract, model_name in staged_extracts -%}
    select
        '{{ system }}' as system,
        '{{ extract }}' as extract,
        '{{ model_name }}' as model_name,
        landed.rows_landed,
        landed.rows_known,
        staged.rows_in_force,
        landed.rows_known - staged.rows_in_force as rows_not_in_force,
        staged.unparsed_values
    from {{ system }}_{{ extract }}_landed as landed
    cross join {{ system }}_{{ extract }}_staged as staged
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}
)

select * from row_accounts
